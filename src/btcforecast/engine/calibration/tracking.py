"""Online recalibration: each published width follows how often it has been exceeded, outcome by outcome.

Gibbs and Candès 2021 (adaptive conformal inference, arXiv:2106.00170), on the logarithm of the width: after an outcome,
θ ← θ + η (1{outside} − (1 − coverage)). A law too narrow is widened a little after each miss and narrowed far less after each hit, so that
in the long run each interval holds as often as it says, whatever the market does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import LEVELS, Candles, Floats, Ints

HORIZONS_S: Final = (300, 1800, 3600, 4 * 3600)
"""Five minutes and half an hour for the beginning of the paths; beyond a few hours outcomes come too slowly, and tracking costs more than it repairs."""
EVERY_S: Final = 3600
"""How often a law is noted, to be held against its outcome."""
DUE_S: Final = frozenset(horizon_s % EVERY_S for horizon_s in HORIZONS_S)
"""How long after a whole hour an outcome can be due."""
_RATES: Final = (0.004, 0.004, 0.004, 0.001)
"""Four outcomes of 4 h that overlap tell about as much as one."""
_UPPER: Final = LEVELS[len(LEVELS) // 2 + 1 :]
_MISS_SHARE: Final = 2 * (1 - _UPPER)
"""How often |return| should exceed each upper quantile."""
_HORIZONS: Final = np.array(HORIZONS_S)
_NOTED_EVERY_S: Final = np.array([2 * EVERY_S, 2 * EVERY_S, EVERY_S, EVERY_S])
"""The regression and the library of the paths are made from even hours, whose first minutes are the liveliest; so is their tracking."""
_STILL: Final = 1e-300
"""What no move at all counts for, so that it has a logarithm."""
_N_SLOTS: Final = HORIZONS_S[-1] // EVERY_S
_LIFT: Final = 1e-4 * np.arange(len(_UPPER))
"""Each quantile stays at least so much above the one before, in logs."""
_LARGEST: Final = 1.0
"""No width is moved further than by this factor's logarithm; the publish gate refuses long before."""


class Tracking:
    """The log factors of the widths at the tracked horizons, and the laws whose outcomes are still to come.

    factors: shape (4, 52). noted_at: when each waiting law was made, shape (4, 4), 0 where none waits; noted_close: the close then;
    noted_widths: logs of the upper quantiles as published, shape (4, 4, 52).
    """

    def __init__(self, factors: Floats, noted_at: Ints, noted_close: Floats, noted_widths: Floats) -> None:
        self.factors, self.noted_at, self.noted_close, self.noted_widths = factors, noted_at, noted_close, noted_widths

    @classmethod
    def fresh(cls) -> Self:
        """Return a tracking that has seen nothing and moves nothing."""
        n, m = len(HORIZONS_S), len(_UPPER)
        return cls(np.zeros((n, m)), np.zeros((n, _N_SLOTS), np.int64), np.ones((n, _N_SLOTS)), np.zeros((n, _N_SLOTS, m)))

    @classmethod
    def over(cls, history: Candles, rows: Ints, widths: Floats) -> Self:
        """Return the tracking after a past; rows: of the hourly closes, in order; widths: of the laws made at each, shape (n, 4, 52)."""
        tracking = cls.fresh()
        made = dict(zip(rows.tolist(), np.log(widths), strict=True))
        first = min(made, default=len(history))
        closed_at, closes = history.closed_at, history.close
        for row in (first + np.flatnonzero(np.isin(closed_at[first:] % EVERY_S, tuple(DUE_S)))).tolist():
            at, close = int(closed_at[row]), float(closes[row])
            tracking.settle(at, close)
            if row in made:
                tracking.note(at, close, made[row])
        return tracking

    @property
    def largest(self) -> float:
        """Return the largest |log factor| at the horizons that are published."""
        return float(np.abs(self.factors[_HORIZONS >= EVERY_S]).max())

    def apply(self, log_widths: Floats) -> Floats:
        """Return the logs of the upper quantiles moved by what was learned, still increasing; shape (4, 52)."""
        return np.asarray(np.maximum.accumulate(log_widths + self.factors - _LIFT, axis=1) + _LIFT)

    def settle(self, at: int, close: float) -> None:
        """Learn from the laws whose outcome is the close at this instant."""
        for i, horizon_s in enumerate(HORIZONS_S):
            made_at = at - horizon_s
            slot = made_at // EVERY_S % _N_SLOTS
            if self.noted_at[i, slot] != made_at:
                continue
            outcome = math.log(max(abs(math.log(close / self.noted_close[i, slot])), _STILL))
            missed = self.noted_widths[i, slot] < outcome
            moved = self.factors[i] + _RATES[i] * (missed - _MISS_SHARE)
            self.factors[i] = np.minimum(np.maximum(moved, -_LARGEST), _LARGEST)

    def note(self, at: int, close: float, log_widths: Floats) -> None:
        """Remember the laws made at this instant; log_widths: before `apply`, shape (4, 52)."""
        slot = at // EVERY_S % _N_SLOTS
        self.noted_at[:, slot] = np.where(at % _NOTED_EVERY_S == 0, at, 0)
        self.noted_close[:, slot] = close
        self.noted_widths[:, slot] = self.apply(log_widths)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return everything as named arrays."""
        return {
            "tracking_factors": self.factors.copy(),
            "tracking_noted_at": self.noted_at.copy(),
            "tracking_noted_close": self.noted_close.copy(),
            "tracking_noted_widths": self.noted_widths.copy(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the tracking that `state` was taken from."""
        names: Sequence[str] = ("tracking_factors", "tracking_noted_close", "tracking_noted_widths")
        factors, closes, widths = (np.array(state[name], np.float64) for name in names)
        return cls(factors, np.array(state["tracking_noted_at"], np.int64), closes, widths)
