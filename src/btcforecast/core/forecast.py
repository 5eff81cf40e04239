"""A forecast and its score: the two values that the whole service is about."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from btcforecast.core.clock import to_rfc3339
from btcforecast.core.distribution import Distribution
from btcforecast.core.errors import InputError
from btcforecast.core.interval import BASE, Horizon
from btcforecast.core.series import Series


class Origin(StrEnum):
    """How a forecast came to be; the two are never mixed in a figure."""

    LIVE = "live"
    """Sealed before its first target."""
    REPLAYED = "replayed"
    """Computed later from history."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one model said, for one series at one instant, about the log return to each horizon.

    as_of: Unix seconds; everything the model knew had closed by then. spot: the close at `as_of`, quote currency.
    data_digest: SHA-256 of the candles that the model saw after its fit; calendar_digest: of the scheduled events that it was told of,
    None where there were none. With model_version and seed they regenerate all paths.
    """

    series: Series
    model: str
    model_version: str
    as_of: int
    spot: float
    distributions: Mapping[Horizon, Distribution]
    seed: int
    data_digest: str
    origin: Origin = Origin.LIVE
    calendar_digest: str | None = None
    id: str = field(init=False)

    def __post_init__(self) -> None:
        if self.as_of % BASE.seconds or self.spot <= 0 or not self.distributions:
            message = "A forecast is made at the close of a five-minute candle, from a positive price, for at least one horizon."
            raise InputError(message)
        ordered = {horizon: self.distributions[horizon] for horizon in sorted(self.distributions)}
        object.__setattr__(self, "distributions", MappingProxyType(ordered))
        name = f"{self.origin}|{self.series}|{self.model}|{self.model_version}|{to_rfc3339(self.as_of)}"
        object.__setattr__(self, "id", "f" + hashlib.sha256(name.encode()).hexdigest()[:24])

    @property
    def first_target(self) -> int:
        """Return the instant before which the forecast must be sealed."""
        return self.as_of + min(self.distributions).seconds


@dataclass(frozen=True, slots=True)
class Score:
    """How one distribution fared against its outcome.

    crps_bps: continuous ranked probability score of the log return, basis points, smaller is better.
    log_score: negative log density of the log return in nats, smaller is better. pit: the cdf at the outcome, in [0, 1].
    covered, interval_score_bps: by nominal coverage in percent (50, 80, 90, 95).
    """

    crps_bps: float
    log_score: float
    pit: float
    covered: Mapping[int, bool]
    interval_score_bps: Mapping[int, float]
