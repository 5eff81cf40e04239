"""Forecasts, their outcomes and proofs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from btcforecast.api.schemas.gate import Served
from btcforecast.api.schemas.ledger import Entry, InclusionProof
from btcforecast.api.schemas.shared import Answer, Instant, RoleName, Source
from btcforecast.core import Origin


class Band(Answer):
    """The central interval that should hold the price with the given probability."""

    coverage_percent: int
    low_price: float
    high_price: float


class Outcome(Answer):
    """What came true at a target, and how the forecast fared. Null fields: the target is void."""

    settled_at: Instant
    ledger_seq: int | None
    close: float | None = Field(description="The close on which the target settled.")
    log_return: float | None
    crps_bps: float | None = Field(description="Continuous ranked probability score, basis points; smaller is better.")
    log_score: float | None = Field(description="Negative log density, nats; smaller is better.")
    pit: float | None = Field(description="The forecast's cdf at the outcome: uniform on [0, 1] when calibrated.")
    covered: dict[str, bool] = Field(description="Whether the central interval held the outcome, by percent.")
    interval_score_bps: dict[str, float] = Field(description="Interval score by percent, basis points.")
    void_reason: str | None = Field(description="Why there will never be an outcome.")


class HorizonForecast(Answer):
    """The law of the price at one target, and once settled its outcome."""

    horizon: str = Field(examples=["24h"])
    horizon_s: int
    target_at: Instant
    median_price: float
    bands: list[Band] = Field(description="50, 80, 90 and 95 %.")
    levels: list[float] = Field(description="Quantile levels of the two columns below.")
    log_returns: list[float]
    prices: list[float] = Field(description="spot × exp(log return), quote currency.")
    status: Literal["open", "settled", "void"]
    outcome: Outcome | None


class Forecast(Answer):
    """What one model said at one instant."""

    id: str
    origin: Origin
    venue: str
    symbol: str
    simulated: bool
    model: str
    model_version: str
    role: RoleName
    scheduled: bool = Field(description="False for one issued beside the schedule: shown and settled, but in no figure.")
    as_of: Instant
    sealed_at: Instant
    spot: float
    ledger_seq: int
    horizons: list[HorizonForecast]


class LatestForecast(Answer):
    """The newest forecast that is served, and what the other models said at the same instant."""

    source: Source
    served: Served = Field(description="Which model is served, and why.")
    forecast: Forecast
    others: list[Forecast] = Field(
        description="Of all other models: champion where it is not served, fallback, challengers, baselines."
    )
    next_at: Instant = Field(description="When the next forecast is due.")


class ForecastList(Answer):
    """Forecasts, newest first."""

    source: Source
    forecasts: list[Forecast]
    next_cursor: str | None = Field(description="Give it as `cursor` to continue; null at the end.")


class ForecastDetail(Answer):
    """One forecast with all quantiles, its ledger entry and the proof that a signed checkpoint covers it."""

    source: Source
    forecast: Forecast
    seed: int = Field(description="With model version and data digest it regenerates all paths.")
    data_digest: str
    calendar_digest: str | None = Field(description="SHA-256 of the scheduled events that the model was told of; null for none.")
    known_at: Instant = Field(description="Candles recorded or revised later were not known to the model.")
    entry: Entry
    inclusion: InclusionProof | None = Field(description="Null until the first checkpoint after the sealing.")
    has_paths: bool = Field(description="Whether simulated paths are still kept.")


class Paths(Answer):
    """Simulated price paths in five-minute steps."""

    source: Source
    forecast_id: str
    start_at: Instant = Field(description="The instant of the first column: the forecast's `as_of`.")
    step_s: int
    n_paths: int
    n_steps: int
    prices: list[list[float]] = Field(description="One row a path, n_steps + 1 prices each, beginning with the spot.")
