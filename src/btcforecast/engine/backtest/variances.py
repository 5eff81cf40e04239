"""Variance forecasts judged by QLIKE, each model's put right by its own trailing year first."""

from __future__ import annotations

from typing import Final

import numpy as np

from btcforecast.core import Floats, Ints
from btcforecast.engine.backtest.plan import DAY_S
from btcforecast.engine.scoring import qlike

_YEAR_S: Final = 365 * DAY_S
_LEAST_S: Final = 30 * DAY_S


def corrected_variances(as_of: Ints, variance: Floats, realised: Floats, *, horizon_s: int) -> Floats:
    """Return the variance forecasts times the ratio of mean realised to mean forecast variance over the year before each origin.

    Only outcomes that had closed by the origin count; NaN where the first of them is less than 30 days old. The variance of a law hangs
    on its far tails, which no year of outcomes pins down; its course over time is what the model knows, its level is not.
    """
    known = np.isfinite(variance) & np.isfinite(realised)
    sums = [np.concatenate(([0.0], np.cumsum(np.where(known, column, 0.0)))) for column in (realised, variance)]
    begin, end = np.searchsorted(as_of, as_of - _YEAR_S), np.searchsorted(as_of, as_of - horizon_s, side="right")
    end = np.maximum(begin, end)
    seen, said = (total[end] - total[begin] for total in sums)
    enough = (as_of - as_of[0] >= _LEAST_S + horizon_s) & (said > 0) if len(as_of) else said > 0
    return np.where(enough, variance * seen / np.where(said > 0, said, 1.0), np.nan)


def variance_losses(as_of: Ints, variance: Floats, realised: Floats, *, horizon_s: int) -> Floats:
    """Return QLIKE of the corrected variance forecasts, NaN where there is no outcome or too little to correct by."""
    corrected = corrected_variances(as_of, variance, realised, horizon_s=horizon_s)
    whole = np.isfinite(corrected) & np.isfinite(realised) & (realised > 0)
    losses = np.full(len(as_of), np.nan)
    losses[whole] = qlike(corrected[whole], realised[whole])
    return losses
