"""Figures of settled forecasts that gate, promotion and drift report have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from btcforecast.core import Floats, Horizon, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """One model's settled forecasts at one horizon, in time order: columns of equal length.

    as_of: Unix seconds. crps_bps: smaller is better. pit: the cdf at the outcome.
    """

    horizon: Horizon
    as_of: Ints
    crps_bps: Floats
    pit: Floats

    @classmethod
    def none(cls, horizon: Horizon) -> Self:
        """Return the record of a model that has none."""
        return cls(horizon, np.empty(0, np.int64), np.empty(0), np.empty(0))

    def due_in(self, after: int, until: int) -> Self:
        """Return the forecasts whose targets fell due in (after, until]."""
        target_at = self.as_of + self.horizon.seconds
        rows = slice(int(np.searchsorted(target_at, after, "right")), int(np.searchsorted(target_at, until, "right")))
        return type(self)(self.horizon, self.as_of[rows], self.crps_bps[rows], self.pit[rows])

    @property
    def n_stretches(self) -> int:
        """Return how many stretches of the horizon's length, laid end to end, hold a forecast: overlapping ones count once."""
        return len(np.unique(self.as_of // self.horizon.seconds))

    def coverage(self, percent: int) -> float:
        """Return the share, in percent, of outcomes that the central interval held; NaN where there are none."""
        return 100 * float(np.mean(held(self.pit, percent))) if len(self.pit) else np.nan

    def coverages(self, percent: int, *, window_s: int, since: int, until: int) -> Floats:
        """Return the coverage over each window that ends at a target in [since, until], and over the one that ends at `until`."""
        target_at = self.as_of + self.horizon.seconds
        ends = np.append(target_at[(target_at >= since) & (target_at <= until)], until)
        total = np.r_[0.0, np.cumsum(held(self.pit, percent))]
        first, last = np.searchsorted(target_at, ends - window_s, "right"), np.searchsorted(target_at, ends, "right")
        has_any = last > first
        return np.asarray(100 * (total[last] - total[first])[has_any] / (last - first)[has_any])


def held(pit: Floats, percent: int) -> Floats:
    """Return 1 where the central interval held the outcome, ends included, and 0 where not."""
    return (np.abs(pit - 0.5) <= percent / 200).astype(np.float64)


def paired_with(mine: Settled, theirs: Settled) -> tuple[Settled, Settled]:
    """Return the forecasts of the instants at which both were settled."""
    _, ours, others = np.intersect1d(mine.as_of, theirs.as_of, assume_unique=True, return_indices=True)
    return _rows(mine, ours), _rows(theirs, others)


def stretches_in(window_s: int, horizon: Horizon) -> int:
    """Return how many stretches of the horizon's length a window has room for."""
    return window_s // horizon.seconds


def _rows(settled: Settled, rows: Ints) -> Settled:
    return Settled(settled.horizon, settled.as_of[rows], settled.crps_bps[rows], settled.pit[rows])
