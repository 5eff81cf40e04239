"""Diebold–Mariano: is the difference of two models' scores more than chance?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from btcforecast.core import Floats
from btcforecast.core.errors import InputError
from btcforecast.engine.scoring.skill import paired


@dataclass(frozen=True, slots=True)
class DieboldMariano:
    """The test of equal accuracy. statistic: negative when the scores are smaller, thus better; p_value: two-sided."""

    statistic: float
    p_value: float
    n: int


def diebold_mariano(scores: ArrayLike, baseline_scores: ArrayLike, *, lag: int) -> DieboldMariano:
    """Return the test for two paired series of scores in time order.

    The long-run variance of the difference is Newey and West's with Bartlett weights up to `lag`, which should be at least the
    horizon in forecasts less one (Diebold and Mariano 1995, doi 10.2307/1392185; Newey and West 1987, doi 10.2307/1913610). The statistic
    is corrected for small samples and compared with Student's t (Harvey, Leybourne and Newbold 1997, doi 10.1016/S0169-2070(96)00719-4).
    """
    ours, theirs = paired(scores, baseline_scores)
    n = len(ours)
    if not 0 <= lag < n - 1:
        message = f"A lag of {lag} needs more than {lag + 1} forecasts; there are {n}."
        raise InputError(message)
    difference = ours - theirs
    mean = float(difference.mean())
    variance = long_run_variance(difference, lag=lag) / n
    if variance <= 0:
        return DieboldMariano(0.0, 1.0, n) if mean == 0 else DieboldMariano(math.copysign(math.inf, mean), 0.0, n)
    steps = lag + 1
    correction = math.sqrt((n + 1 - 2 * steps + steps * (steps - 1) / n) / n)
    statistic = mean / math.sqrt(variance) * correction
    return DieboldMariano(statistic, two_sided_p(statistic, n - 1), n)


def long_run_variance(values: Floats, *, lag: int) -> float:
    """Return γ₀ + 2 Σₖ (1 − k / (lag + 1)) γₖ, never negative. Source: Newey and West 1987."""
    centred = values - values.mean()
    n = len(centred)
    total = float(centred @ centred)
    for k in range(1, lag + 1):
        total += 2 * (1 - k / (lag + 1)) * float(centred[k:] @ centred[:-k])
    return max(total / n, 0.0)


def two_sided_p(statistic: float, n_free: int) -> float:
    """Return the probability that Student's t with `n_free` degrees of freedom is at least as far from zero.

    Source: Abramowitz and Stegun 26.7.3 and 26.7.4, a finite sum. Without SciPy, because processes that serve the track record have none.
    """
    angle = math.atan(abs(statistic) / math.sqrt(n_free))
    cosine2 = math.cos(angle) ** 2
    odd = n_free % 2
    i = np.arange(1, (n_free - 1) // 2 if odd else n_free // 2)
    ratios = (2 * i / (2 * i + 1)) if odd else ((2 * i - 1) / (2 * i))
    total = 1 + float(np.cumprod(ratios * cosine2).sum())
    if odd:
        inner = math.sin(angle) * math.cos(angle) * total if n_free > 1 else 0.0
        within = 2 / math.pi * (angle + inner)
    else:
        within = math.sin(angle) * total
    return min(max(1 - within, 0.0), 1.0)
