"""Range, risk and first passage, and how sealed questions fared."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from btcforecast.api.schemas.gate import Served
from btcforecast.api.schemas.shared import Answer, Instant, RoleName, Source


class Answered(Answer):
    """What every answer to a question says about itself."""

    source: Source
    served: Served
    at: Instant = Field(description="The end of the span asked about.")
    horizon_s: int = Field(description="Seconds from the forecast's `as_of` to `at`.")
    forecast_id: str
    model: str = Field(description="The model that is served.")
    spot: float
    words: str = Field(description="The answer as a sentence.")
    notes: list[str] = Field(description="What to keep in mind.")


class PriceEstimate(Answer):
    """An expected price, in quote currency."""

    price: float
    standard_error: float = Field(description="Simulation error, given the forecast; mirrored paths count as one draw.")


class PriceQuantile(Answer):
    """The price below which the outcome falls with that probability."""

    level: float
    price: float


class Range(Answered):
    """How far the price is expected to range up to an instant, every moment on the way included."""

    high: PriceEstimate = Field(description="The expected highest price.")
    low: PriceEstimate = Field(description="The expected lowest price.")
    width: PriceEstimate = Field(description="The expected difference between the two.")
    high_quantiles: list[PriceQuantile] = Field(
        description="Of the highest price; the probability of touching a level above the spot is one minus this distribution."
    )
    low_quantiles: list[PriceQuantile] = Field(description="Of the lowest price.")
    n_paths: int


class Side(StrEnum):
    """Which position loses."""

    LONG = "long"
    """Bought at the spot; loses when the price falls."""
    SHORT = "short"
    """Sold at the spot; loses when the price rises."""


class Loss(Answer):
    """A loss, positive when something is lost."""

    log_return: float = Field(description="The move of the log price against the position.")
    quote: float | None = Field(description="In quote currency, for one unit of the base currency; null where it has no bound.")
    standard_error: float = Field(
        description="Simulation error; 0, because a law is read and nothing is simulated. It says nothing of how good the law is."
    )


class RiskFigure(Answer):
    """Value at risk and expected shortfall of one side at one level of confidence."""

    side: Side
    level_percent: float
    price: float = Field(description="The price at which the loss is the value at risk.")
    value_at_risk: Loss = Field(description="Not exceeded with that confidence: the quantile of the loss.")
    expected_shortfall: Loss = Field(description="The mean loss in the cases that are worse; never below the value at risk.")


class Risk(Answered):
    """What one unit, held from the forecast's `as_of` to the instant, can lose."""

    method: str = Field(description="law, or interpolated between two published horizons.")
    figures: list[RiskFigure]


class PassagePoint(Answer):
    """The probability that the level was touched by an instant."""

    at: Instant
    horizon_s: int
    probability: float
    standard_error: float


class PassageTime(Answer):
    """By when the level is touched in that share of the cases in which it is touched at all."""

    share_percent: float
    at: Instant
    horizon_s: int
    standard_error_s: float


class FirstPassage(Answered):
    """When a level is first touched: P(touched by t), and the time given that it is touched."""

    level: float
    probability: float = Field(description="That it is touched by `at`.")
    standard_error: float
    curve: list[PassagePoint]
    times: list[PassageTime]
    n_paths: int


class RecordKind(StrEnum):
    """The kinds of question that are sealed with every scheduled cycle; docs/questions.md lists them."""

    ABOVE = "above"
    BETWEEN = "between"
    TOUCH = "touch"


class BrierSkill(Answer):
    """1 − Brier score / the baseline's on the same questions; nulls where there are too few to say."""

    baseline: str
    n_cycles: int
    n_blocks: int = Field(description="How many independent stretches of time they span.")
    value: float
    low: float | None = Field(description="Lower end of the 95 % block-bootstrap interval.")
    high: float | None
    verdict: str = Field(description="better, worse, unproven or too_few.")
    words: str


class ReliabilityBin(Answer):
    """Questions to which a probability within [low, high) was given, and how many of them came true."""

    low: float
    high: float
    n: int
    mean_probability: float
    observed: float


class QuestionFigures(Answer):
    """How one model fared on one kind of question at one horizon within one window.

    Brier score = reliability − resolution + uncertainty + a remainder from binning (Murphy 1973; Stephenson and others 2008).
    """

    model: str
    role: RoleName
    kind: RecordKind
    horizon: str
    window: str
    n_cycles: int
    n: int = Field(description="Answered questions; those of one cycle hang together.")
    brier: float = Field(description="Mean of (probability − outcome)², smaller is better.")
    reliability: float = Field(description="How far frequencies were from what was said; 0 is best.")
    resolution: float = Field(
        description="How far what was said parted questions that came true from those that did not; more is better."
    )
    uncertainty: float = Field(description="The Brier score of always saying the overall frequency.")
    skill: list[BrierSkill]
    diagram: list[ReliabilityBin] = Field(description="Ten equal bins of [0, 1]; empty ones are left out.")
    words: str


class QuestionRecord(Answer):
    """How sealed questions fared. Live and replayed ones are never mixed."""

    source: Source
    until: Instant | None = Field(description="The instant at which every window ends.")
    first_as_of: Instant | None
    last_as_of: Instant | None
    n_cycles: int = Field(description="Cycles of which questions were answered.")
    n_void: int = Field(
        description="Questions of one horizon of one cycle that never got an answer, because candles are missing."
    )
    figures: list[QuestionFigures]
