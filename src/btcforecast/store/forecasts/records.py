"""What the tables of forecasts hold, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import Floats, Forecast, Horizon, Ints, Origin, Score, Series


class Role(StrEnum):
    """What a model was to a cycle when the cycle was issued."""

    CHAMPION = "champion"
    FALLBACK = "fallback"
    CHALLENGER = "challenger"
    BASELINE = "baseline"


class CycleStatus(StrEnum):
    """How a scheduled instant ended."""

    ISSUED = "issued"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Cycle:
    """One instant at which forecasts were due. recorded_at: wall clock, Unix seconds, also for replayed cycles.

    served_model: whose forecast was published, None where none was.
    """

    origin: Origin
    series: Series
    as_of: int
    status: CycleStatus
    is_scheduled: bool
    recorded_at: int
    reason: str | None = None
    ledger_seq: int | None = None
    served_model: str | None = None


@dataclass(frozen=True, slots=True)
class SealedForecast:
    """A forecast as its ledger entry has it, with when and where it was sealed."""

    forecast: Forecast
    role: Role
    is_scheduled: bool
    sealed_at: int
    known_at: int
    """Candles recorded or revised after this instant were not known to the models."""
    borrowed_from: tuple[str, ...]
    """Venues that lent candles in the last day before `as_of`."""
    ledger_seq: int
    entry_hash: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """One horizon of one forecast: open until `settled_at`, then with an outcome and scores, or void with a reason."""

    forecast_id: str
    horizon: Horizon
    target_at: int
    settled_at: int | None = None
    ledger_seq: int | None = None
    close: float | None = None
    log_return: float | None = None
    crps_bps: float | None = None
    log_score: float | None = None
    pit: float | None = None
    interval_score_bps: Mapping[int, float] | None = None
    void_reason: str | None = None

    @property
    def status(self) -> str:
        """Return open, settled or void."""
        if self.settled_at is None:
            return "open"
        return "settled" if self.void_reason is None else "void"

    def covered(self, percent: int) -> bool | None:
        """Say whether the central interval of that coverage held the outcome, or None while the target is open or void."""
        if self.pit is None:
            return None
        return abs(self.pit - 0.5) <= percent / 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """The close on which a target settles. borrowed_from: the venue that lent the candle, or None for an own one."""

    close: float
    borrowed_from: str | None
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Result:
    """What settling found for one target: an outcome with its score, or why there will never be one."""

    forecast_id: str
    horizon: Horizon
    outcome: Outcome | None
    log_return: float | None
    score: Score | None
    void_reason: str | None = None


@dataclass(frozen=True, slots=True)
class DueTarget:
    """A target to settle or to settle again, with what scoring it needs."""

    forecast_id: str
    series: Series
    series_id: int
    model: str
    as_of: int
    horizon: Horizon
    target_at: int
    spot: float
    forecast_seq: int
    settlement_seq: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedPaths:
    """Paths kept for questions. returns: float32, (n_paths, n_steps + 1), cumulative log returns from the spot."""

    forecast_id: str
    returns: NDArray[np.float32]
    parquet: bytes
    created_at: int


@dataclass(frozen=True, slots=True)
class ForecastPage:
    """Forecasts newest first; `next_cursor` continues, None at the end."""

    forecasts: tuple[SealedForecast, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, eq=False)
class SettledColumns:
    """Settled targets of scheduled cycles as columns of equal length, ordered by `as_of`.

    model: index into `models`; horizon_s, as_of, target_at: seconds; crps_bps, pit: float64.
    """

    models: tuple[str, ...]
    roles: Mapping[str, Role]
    model: Ints
    horizon_s: Ints
    as_of: Ints
    target_at: Ints
    crps_bps: Floats
    pit: Floats
