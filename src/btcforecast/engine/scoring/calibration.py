"""Calibration: where outcomes fall in their laws, and how often intervals hold them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import LEVELS, Floats
from btcforecast.engine.scoring.located import LOGITS, locate, sigmoid

COVERAGES: Final = (50, 80, 90, 95)
"""The nominal coverages, in percent, of the central intervals that are watched."""


def pit(quantiles: Floats, outcomes: Floats) -> Floats:
    """Return the probability integral transform F(y) of each row: uniform when laws are right. Source: Dawid 1984."""
    return sigmoid(locate(quantiles, outcomes).z)


def ensemble_pit(members: NDArray[np.floating], outcomes: Floats) -> Floats:
    """Return the share of members below each outcome, ties counted half, NaN where it is missing; members: shape (n, m)."""
    at = outcomes[:, None].astype(members.dtype)
    share = ((members < at).mean(axis=1) + (members <= at).mean(axis=1)) / 2
    return np.where(np.isnan(outcomes), np.nan, share)


def interval_ends(quantiles: Floats, percent: int) -> tuple[Floats, Floats]:
    """Return the lower and upper ends of the central intervals that should hold `percent` of the outcomes, each of shape (n,)."""
    return _quantile(quantiles, (1 - percent / 100) / 2), _quantile(quantiles, (1 + percent / 100) / 2)


def covered(quantiles: Floats, outcomes: Floats, percent: int) -> Floats:
    """Return 1 where the central interval, ends included, holds the outcome, 0 where not, NaN where the outcome is missing."""
    low, high = interval_ends(quantiles, percent)
    inside = ((low <= outcomes) & (outcomes <= high)).astype(np.float64)
    return np.where(np.isnan(outcomes), np.nan, inside)


def _quantile(quantiles: Floats, level: float) -> Floats:
    """Return one quantile of each row, on the grid or between two of its levels."""
    i = int(np.searchsorted(LEVELS, level))
    if abs(LEVELS[i] - level) < 1e-12:
        return quantiles[:, i]
    if abs(LEVELS[i - 1] - level) < 1e-12:
        return quantiles[:, i - 1]
    share = (np.log(level / (1 - level)) - LOGITS[i - 1]) / (LOGITS[i] - LOGITS[i - 1])
    return np.asarray(quantiles[:, i - 1] + share * (quantiles[:, i] - quantiles[:, i - 1]))
