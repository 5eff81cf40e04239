"""What the market has been doing on every time scale from five minutes to three months, as 35 numbers carried from candle to candle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from btcforecast.core import Floats, Ints
from btcforecast.engine.features.deseasonalised import Deseasonalised
from btcforecast.engine.features.ewma import Ewma

HALF_LIVES: Final = np.array([1, 3, 6, 12, 36, 72, 144, 288, 864, 2016, 8640, 25920], np.float64)
"""In candles: five minutes to 90 days."""
_SHAPE_HALF_LIVES: Final = np.array([12, 72, 288, 2016], np.float64)
"""Where jumpiness and trend are looked at."""
_ALL: Final = np.concatenate((HALF_LIVES, HALF_LIVES, _SHAPE_HALF_LIVES, _SHAPE_HALF_LIVES))
_N: Final = len(HALF_LIVES)
_WEEK: Final = 9
_QUARTER: Final = 11
_SHAPE_COLUMNS: Final = np.searchsorted(HALF_LIVES, _SHAPE_HALF_LIVES)
_ROOTS: Final = np.sqrt(_SHAPE_HALF_LIVES)
_FLOORS: Final = np.where(HALF_LIVES <= 6, 0.02, 0.001)
"""What a mean counts for at least, in means of the week: a market that stood still for minutes is not dead."""
_TREND_CAP: Final = 6.0
_LEAST: Final = 1e-12

N_FEATURES: Final = 2 * _N + 11
SLOW: Final = np.array([7, 8, 9, 10, 11, 19, 20, 21, 22, 23, 26, 27, 30, 31])
"""The features that say something about days and weeks ahead: means from a day up, and the jumpiness and trend of a day and a week."""
_WHICH: Final = np.repeat(np.arange(4), (_N, _N, len(_SHAPE_HALF_LIVES), len(_SHAPE_HALF_LIVES)))
"""Of what each is the mean: |r|, ln(high/low), r², r."""
_DECAYS: Final = 0.5 ** (1 / _ALL)
_SHARES: Final = 1 - _DECAYS


@dataclass(slots=True)
class MultiScale:
    """Exponential means of |r|, ln(high/low), r² and r, each over the expected activity, at many half-lives.

    raw: the uncorrected means, shape (32,); n: how many candles went into them.
    """

    raw: Floats
    n: int = 0

    @classmethod
    def after(cls, past: Deseasonalised, row: int, means: Floats) -> MultiScale:
        """Return the state after a whole history, given its corrected means at a late row."""
        state = cls(means * (1 - _DECAYS ** (row + 1)), row + 1)
        rest = slice(row + 1, None)
        for size, span, signed in zip(
            past.size[rest].tolist(), past.span[rest].tolist(), past.signed[rest].tolist(), strict=True
        ):
            state.update(size, span, signed)
        return state

    def update(self, size: float, span: float, signed: float) -> None:
        """Take in one candle, in place; the arguments are those of `Deseasonalised`."""
        values = np.array((size, span, size * size, signed))[_WHICH]
        self.raw *= _DECAYS
        self.raw += _SHARES * values
        self.n += 1

    def features(self) -> Floats:
        """Return the features of the moment, shape (35,)."""
        return features_of(self.raw / (1 - _DECAYS**self.n))

    @property
    def quarter(self) -> float:
        """Return the 90-day mean of |r| over its expectation."""
        return float(self.raw[_QUARTER] / (1 - _DECAYS[_QUARTER] ** self.n))


def means_at(past: Deseasonalised, rows: Ints) -> Floats:
    """Return the corrected means known at the close of each row of a history, shape (n, 32)."""
    n_shapes = len(_SHAPE_HALF_LIVES)
    inputs = (past.size,) * _N + (past.span,) * _N + (past.size**2,) * n_shapes + (past.signed,) * n_shapes
    means = np.empty((len(rows), len(_ALL)))
    for i, (values, half_life) in enumerate(zip(inputs, _ALL.tolist(), strict=True)):
        means[:, i] = Ewma(half_life).run(values)[rows]
    return means


def features_of(means: Floats) -> Floats:
    """Return the features made of the corrected means, shape (…, 32) to (…, 35).

    In order: ln of the means of |r| (12) and of ln(high/low) (12); ½ ln E[r²] − ln E[|r|], which is high after jumps (4); the trend
    E[r] √h over the week's E[|r|], at most 6 either way (4); and its absolute value for all but the week (3).
    """
    size, span = means[..., :_N], means[..., _N : 2 * _N]
    square, signed = means[..., 2 * _N : 2 * _N + 4], means[..., 2 * _N + 4 :]
    week = np.maximum(size[..., _WEEK : _WEEK + 1], _LEAST)
    log_size = np.log(np.maximum(size, _FLOORS * week))
    log_span = np.log(np.maximum(span, _FLOORS * np.maximum(span[..., _WEEK : _WEEK + 1], _LEAST)))
    jumpiness = 0.5 * np.log(np.maximum(square, (0.001 * week) ** 2)) - log_size[..., _SHAPE_COLUMNS]
    trend = np.clip(signed * _ROOTS / week, -_TREND_CAP, _TREND_CAP)
    return np.concatenate((log_size, log_span, jumpiness, trend, np.abs(trend[..., :3])), axis=-1)
