"""Probabilities at an instant, from the published laws.

Between two horizons each quantile is linear in the square root of time, from zero at the instant of the forecast. For a random walk
that is exact, and because the quantiles of a mixture of two increasing functions increase, every law between is a law.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from btcforecast.core import LEVELS, Distribution, Floats, Horizon
from btcforecast.core.distribution import logit

_LOGITS = logit(LEVELS)


def law_at(laws: Mapping[Horizon, Distribution], seconds: int) -> tuple[Distribution, bool]:
    """Return the law of the log return after so many seconds, and whether it was interpolated.

    seconds: positive, at most the longest horizon. laws: ordered, nearest first.
    """
    exact = next((law for horizon, law in laws.items() if horizon.seconds == seconds), None)
    if exact is not None:
        return exact, False
    before = [(horizon.seconds, law.quantiles) for horizon, law in laws.items() if horizon.seconds < seconds]
    after_s, after = next((horizon.seconds, law.quantiles) for horizon, law in laws.items() if horizon.seconds > seconds)
    before_s, earlier = before[-1] if before else (0, np.zeros_like(after))
    weight = (math.sqrt(seconds) - math.sqrt(before_s)) / (math.sqrt(after_s) - math.sqrt(before_s))
    return Distribution((1 - weight) * earlier + weight * after), True


def probability_above(law: Distribution, log_level: float) -> float:
    """Return the probability that the log return exceeds the level."""
    return min(1.0, max(0.0, law.probability_above(log_level)))


def probability_between(law: Distribution, low: float, high: float) -> float:
    """Return the probability that the log return lies in (low, high]."""
    below_high, below_low = law.cdf([high, low])
    return min(1.0, max(0.0, float(below_high - below_low)))


def probability_beyond(law: Distribution, log_level: float) -> float:
    """Return the probability of ending on the far side of the level, seen from the spot."""
    above = probability_above(law, log_level)
    return above if log_level >= 0 else 1 - above


def most_beyond(laws: Mapping[Horizon, Distribution], log_level: float, seconds: Floats) -> Floats:
    """Return, for each span, the largest probability of being beyond the level at any instant within it.

    A path that is beyond a level has touched it, so this is the least that touching can be. Between two horizons quantiles are linear
    in one variable, so the probability beyond is nowhere larger than at the ends of a stretch: the largest is that at the span's end
    or at one of the horizons before it.

    seconds: shape (n,), from 0 to the longest horizon.
    """
    horizons_s = np.array([horizon.seconds for horizon in laws], np.float64)
    at_horizons = np.array([probability_beyond(law, log_level) for law in laws.values()])
    most = np.maximum.accumulate(np.concatenate(([0.0], at_horizons)))
    before = most[np.searchsorted(horizons_s, seconds, side="right")]
    return np.asarray(np.maximum(before, _beyond_at(laws, log_level, seconds)))


def _beyond_at(laws: Mapping[Horizon, Distribution], log_level: float, seconds: Floats) -> Floats:
    """Return the probability of being beyond the level at each instant, all interpolated laws at once; 0 at the instant 0."""
    knots = np.sqrt([0.0, *(float(horizon.seconds) for horizon in laws)])
    known = np.vstack((np.zeros(len(LEVELS)), *(law.quantiles for law in laws.values())))
    roots = np.sqrt(np.clip(seconds, 1e-9, None))
    right = np.clip(np.searchsorted(knots, roots), 1, len(knots) - 1)
    weight = ((roots - knots[right - 1]) / (knots[right] - knots[right - 1]))[:, None]
    quantiles = (1 - weight) * known[right - 1] + weight * known[right]
    rows = np.arange(len(quantiles))
    segment = np.clip(np.sum(quantiles <= log_level, axis=1) - 1, 0, len(LEVELS) - 2)
    low, high = quantiles[rows, segment], quantiles[rows, segment + 1]
    z = _LOGITS[segment] + (log_level - low) / (high - low) * (_LOGITS[segment + 1] - _LOGITS[segment])
    below = 1 / (1 + np.exp(-np.clip(z, -700, 700)))
    return np.where(seconds > 0, 1 - below if log_level >= 0 else below, 0.0)
