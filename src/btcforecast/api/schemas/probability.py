"""Questions about the price at, or on the way to, an instant."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from btcforecast.api.schemas.gate import Served
from btcforecast.api.schemas.shared import Answer, Instant, Source


class QuestionKind(StrEnum):
    """What was asked."""

    ABOVE = "above"
    BELOW = "below"
    BETWEEN = "between"
    TOUCH = "touch"


class Method(StrEnum):
    """How the probability was found."""

    LAW = "law"
    """Read from the published quantiles of that horizon."""
    INTERPOLATED = "interpolated"
    """From the quantiles of the horizons before and after, linear in the square root of time."""
    PATHS = "paths"
    """Counted over the simulated paths; between five-minute closes, and between the six-hour points that follow the first day, a path
    goes as far as a Brownian bridge."""


class Question(Answer):
    """The question as it was understood."""

    kind: QuestionKind
    levels: list[float] = Field(description="One price, or low and high for between.")
    at: Instant = Field(description="The instant asked about; for touch the end of the span.")
    horizon_s: int = Field(description="Seconds from the forecast's `as_of` to `at`.")


class Probability(Answer):
    """The answer to a question, from the newest forecast that is served."""

    source: Source
    served: Served
    question: Question
    probability: float = Field(ge=0, le=1)
    standard_error: float = Field(
        description="Simulation error of the probability, given the forecast: mirrored paths count as one draw; 0 where it is read from a "
        "law and nothing is simulated. How good the forecasts themselves are is what the track record of questions says.",
    )
    method: Method
    n_paths: int | None = Field(description="Paths counted over, or null.")
    probability_beyond_at_end: float | None = Field(
        description="For touch: the probability of being beyond the level at the end, never more than that of touching it."
    )
    forecast_id: str
    model: str
    spot: float
    words: str = Field(description="The answer as a sentence.")
    notes: list[str] = Field(description="What to keep in mind.")
