"""Probabilities from published laws and paths: pure numbers.

Between two horizons each quantile is linear in the square root of time, from zero at the instant of the forecast. For a random walk
that is exact, and because the quantiles of a mixture of two increasing functions increase, every law between is a law.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import BASE, Distribution, Horizon


@dataclass(frozen=True, slots=True)
class Touch:
    """How many of the paths touched a level by some step."""

    probability: float
    standard_error: float
    n_paths: int


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


def touch(returns: NDArray[np.float32], log_level: float, *, seconds: int) -> Touch:
    """Return the share of paths that were at or beyond the level at some five-minute close within `seconds`.

    returns: cumulative log returns, shape (n_paths, n_steps + 1), first column zero. The standard error is the binomial one, of
    (touched + 1) / (n + 2), so that it does not vanish where none or all of the paths touch.
    """
    n_paths = returns.shape[0]
    n_steps = min(seconds // BASE.seconds, returns.shape[1] - 1)
    walked = returns[:, : n_steps + 1]
    # numpy would round the level to the paths' float32, and a level just above the spot would be the spot.
    level = np.float64(log_level)
    touched = int((walked.max(axis=1) >= level).sum() if level >= 0 else (walked.min(axis=1) <= level).sum())
    smoothed = (touched + 1) / (n_paths + 2)
    return Touch(touched / n_paths, math.sqrt(smoothed * (1 - smoothed) / n_paths), n_paths)
