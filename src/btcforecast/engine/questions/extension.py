"""From a day of five-minute steps to a month: whole days of other paths, six hours at a time, moved onto the published laws.

A path goes on with the day of another path that was about as lively, up or down by chance: so the month keeps what the model says of the hours of
the day, of fat tails and of calm and storm following each other, and needs nothing but the sealed paths and their seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from btcforecast.core import Distribution, Floats, Horizon

DAY_S: Final = 86400
BLOCK_S: Final = 6 * 3600
DAY_STEPS: Final = 288
_BLOCK_STEPS: Final = 72
_BLOCKS_A_DAY: Final = 4
PERSISTENCE: Final = 0.5
"""Correlation of how lively a path is from one day to the next, as ranks; measured in docs/questions.md."""
_LEAST_GROWTH: Final = 1e-4
"""Least growth of variance between two horizons, as a share: laws that do not widen still let paths move."""


@dataclass(frozen=True, slots=True, eq=False)
class Extension:
    """The blocks after the first day. returns, variance: shape (n_blocks, n_paths), the log return of each block and its variance."""

    returns: Floats
    variance: Floats


def extend(
    steps: Floats, laws: Mapping[Horizon, Distribution], rng: np.random.Generator, *, is_mirrored: bool
) -> Extension | None:
    """Return the blocks that follow the day's steps up to the longest law, or None where no law reaches further.

    steps: five-minute log returns, shape (288, n_paths). is_mirrored: every path stands for its mirror image as well. laws: ordered. Where a law is
    known, all paths together are its evenly spaced quantiles, in the order that the blocks gave them (as in `engine.models.anchoring`).
    """
    ends = {horizon.seconds: law for horizon, law in laws.items() if horizon.seconds > DAY_S and horizon.seconds % BLOCK_S == 0}
    if not ends:
        return None
    n_blocks = (max(ends) - DAY_S) // BLOCK_S
    start = steps.sum(axis=0)
    returns, variance = _borrowed_days(steps, n_blocks, rng)
    begin, spread = 0, _mean_square(start)
    for end_s, law in ends.items():
        end = (end_s - DAY_S) // BLOCK_S
        wanted = _mean_square(_evenly(law, 1000))
        part = slice(begin, end)
        grown = max(wanted - spread, _LEAST_GROWTH * spread)
        scale2 = grown / max(float(np.mean(returns[part] ** 2)) * (end - begin), 1e-30)
        returns[part] *= np.sqrt(scale2)
        variance[part] *= scale2
        begin, spread = end, max(wanted, spread)
    return Extension(_anchored(start, returns, ends, is_mirrored=is_mirrored), variance)


def _borrowed_days(steps: Floats, n_blocks: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the returns and variances of blocks taken from other paths, a day at a time, shape (n_blocks, n_paths) both."""
    n_paths = steps.shape[1]
    n_days = -(-n_blocks // _BLOCKS_A_DAY)
    blocks = steps.reshape(_BLOCKS_A_DAY, _BLOCK_STEPS, n_paths)
    moved, squares = blocks.sum(axis=1), (blocks**2).sum(axis=1)
    by_liveliness = np.argsort(squares.sum(axis=0), kind="stable")
    # How lively each path is, as a normal score that goes on from day to day; its rank names the donor, so each day uses every path once.
    score = np.empty(n_paths)
    score[by_liveliness] = np.sort(rng.standard_normal(n_paths))
    news = rng.standard_normal((n_days, n_paths)) * np.sqrt(1 - PERSISTENCE**2)
    signs = np.where(rng.random((n_days, n_paths)) < 0.5, -1.0, 1.0)
    donors = np.empty((n_days, n_paths), np.int64)
    for day in range(n_days):
        score = PERSISTENCE * score + news[day]
        donors[day, np.argsort(score, kind="stable")] = by_liveliness
    returns = (moved[:, donors] * signs).transpose(1, 0, 2).reshape(-1, n_paths)[:n_blocks]
    variance = squares[:, donors].transpose(1, 0, 2).reshape(-1, n_paths)[:n_blocks]
    return returns, variance


def _anchored(start: Floats, returns: Floats, ends: Mapping[int, Distribution], *, is_mirrored: bool) -> Floats:
    """Return the block returns moved so that the sum over the day and the blocks follows the law at each of its ends."""
    raw = start + np.cumsum(returns, axis=0)
    both = np.concatenate((raw, -raw), axis=1) if is_mirrored else raw
    moved = raw.copy()
    clock = np.concatenate(([0.0], np.cumsum(np.mean(returns**2, axis=1))))
    begin, before = 0, np.zeros(len(start))
    for end_s, law in ends.items():
        end = (end_s - DAY_S) // BLOCK_S
        ranks = np.empty(both.shape[1], np.int64)
        ranks[np.argsort(both[end - 1], kind="stable")] = np.arange(both.shape[1])
        shift = (_evenly(law, both.shape[1])[ranks] - both[end - 1])[: len(start)]
        share = (clock[begin + 1 : end + 1] - clock[begin]) / (clock[end] - clock[begin])
        moved[begin:end] += before + share[:, None] * (shift - before)
        begin, before = end, shift
    return np.diff(np.vstack((start, moved)), axis=0)


def _evenly(law: Distribution, n: int) -> Floats:
    return law.quantile((np.arange(n) + 0.5) / n)


def _mean_square(values: Floats) -> float:
    return float(np.mean(values**2))
