"""Skill against a baseline, with an interval that respects how errors cling together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from btcforecast.core.errors import InputError

MIN_BLOCKS: Final = 10
"""Fewer independent blocks than this prove nothing, whatever the interval says (decision 38)."""


@dataclass(frozen=True, slots=True)
class Skill:
    """How much smaller a score is than the baseline's on the same forecasts.

    value: 1 − mean(score) / mean(baseline); low, high: its bootstrap interval; n: forecasts that both were scored on.
    """

    value: float
    low: float
    high: float
    n: int

    @property
    def is_proven(self) -> bool:
        """Say whether the whole interval lies above zero."""
        return self.low > 0


def paired_skill(
    scores: ArrayLike,
    baseline_scores: ArrayLike,
    *,
    block_length: int,
    n_draws: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Skill:
    """Return the skill of `scores` over `baseline_scores`, two positive series in time order, paired, nothing missing.

    The interval is the percentile one of the moving-block bootstrap (Künsch 1989, doi 10.1214/aos/1176347265): blocks of `block_length`
    forecasts in a row are drawn together, so that what overlaps or clusters in time is not counted as independent evidence. The block
    should be at least as long as the horizon. Raises InputError when there are fewer than two blocks.
    """
    ours, theirs = paired(scores, baseline_scores)
    n = len(ours)
    if not 1 <= block_length <= n // 2:
        message = f"An interval needs at least two blocks: {n} forecasts are too few for blocks of {block_length}."
        raise InputError(message)
    if theirs.mean() <= 0:
        message = "Skill is a ratio of positive scores; the baseline's mean is not positive."
        raise InputError(message)
    rng = np.random.Generator(np.random.SFC64(seed))
    starts = rng.integers(0, n - block_length + 1, size=(n_draws, -(-n // block_length)))
    sums = [np.r_[0.0, np.cumsum(column)] for column in (ours, theirs)]
    drawn_ours, drawn_theirs = ((total[block_length:] - total[:-block_length])[starts].sum(axis=1) for total in sums)
    tail = (1 - confidence) / 2
    low, high = np.quantile(1 - drawn_ours / drawn_theirs, [tail, 1 - tail])
    return Skill(float(1 - ours.mean() / theirs.mean()), float(low), float(high), n)


def verdict_of(low: float | None, high: float | None, *, n_blocks: int) -> str:
    """Return what an interval of skill over so many blocks proves: better, worse, unproven or too_few."""
    if n_blocks < MIN_BLOCKS or low is None or high is None:
        return "too_few"
    if low > 0:
        return "better"
    return "worse" if high < 0 else "unproven"


def paired(scores: ArrayLike, baseline_scores: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return both series as checked columns of equal length."""
    ours, theirs = np.asarray(scores, np.float64), np.asarray(baseline_scores, np.float64)
    if ours.ndim != 1 or ours.shape != theirs.shape or not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        message = f"Paired scores are two finite columns of equal length; got {ours.shape} and {theirs.shape}."
        raise InputError(message)
    return ours, theirs
