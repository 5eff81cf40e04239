"""The paths of one forecast as questions need them: how far each had gone up and down by each instant, for as long as laws reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import BASE, Distribution, Floats, Horizon
from btcforecast.core.errors import InputError
from btcforecast.engine.questions.bridge import local_variance, reach_beyond
from btcforecast.engine.questions.extension import BLOCK_S, DAY_S, DAY_STEPS, extend

_STREAM: Final = 1
"""Set beside the forecast's seed, so that what is drawn here has nothing to do with what the model drew."""
_MIRROR_TOLERANCE: Final = 2e-6
"""Paths are float32 and quantiles have eight decimals; mirror images differ by no more."""


@dataclass(frozen=True, slots=True, eq=False)
class PathSet:
    """Running extremes of simulated paths.

    laws: the published ones, nearest first. nodes_s: seconds after the forecast, from 0; five minutes apart for a day, then six hours.
    highs, lows: float32, shape (n_nodes, n_columns), the highest and lowest log return up to each node, between nodes included.
    is_mirrored: each column also stands for its mirror image, and the two are one draw.
    """

    laws: Mapping[Horizon, Distribution]
    nodes_s: Floats
    highs: NDArray[np.float32]
    lows: NDArray[np.float32]
    is_mirrored: bool

    @property
    def reach_s(self) -> int:
        """Return how far the paths go, in seconds."""
        return int(self.nodes_s[-1])

    @property
    def n_paths(self) -> int:
        """Return how many paths there are, mirror images included."""
        return int(self.highs.shape[1]) * (2 if self.is_mirrored else 1)

    def distances(self, *, is_up: bool) -> tuple[NDArray[np.float32], ...]:
        """Return how far each path had gone to that side by each node, never negative; mirror images follow in a second array."""
        up, down = self.highs, -self.lows
        own, other = (up, down) if is_up else (down, up)
        return (own, other) if self.is_mirrored else (own,)

    def between(self, seconds: float) -> tuple[int, float]:
        """Return the node at or before an instant and the share of the way to the next one."""
        node = int(np.clip(np.searchsorted(self.nodes_s, seconds, side="right") - 1, 0, len(self.nodes_s) - 2))
        share = (seconds - self.nodes_s[node]) / (self.nodes_s[node + 1] - self.nodes_s[node])
        return node, float(np.clip(share, 0, 1))


def build_path_set(laws: Mapping[Horizon, Distribution], returns: NDArray[np.float32], *, seed: int) -> PathSet:
    """Return the paths of a forecast, made ready for questions: the same forecast always gives the same bits.

    laws: the published ones, nearest first. returns: cumulative log returns in five-minute steps, shape (n_paths, n_steps + 1), first
    column zero. seed: the forecast's. After a day the paths go on to the longest law (`extension`); between two points a path goes as
    far as a Brownian bridge does (`bridge`).
    """
    n_paths, n_steps = returns.shape[0], returns.shape[1] - 1
    if n_paths < 2 or not 1 <= n_steps <= DAY_STEPS:
        raise InputError(f"Questions need two paths of 1 to {DAY_STEPS} steps; got {n_paths} of {n_steps}.")
    paths = np.ascontiguousarray(returns.T, np.float64)
    half = _halves(paths, laws)
    is_mirrored = half is not None
    steps = np.diff(paths if half is None else paths[:, half], axis=0)
    rng = np.random.Generator(np.random.SFC64([seed, _STREAM]))
    variance = local_variance(steps)
    nodes = BASE.seconds * np.arange(n_steps + 1.0)
    extension = extend(steps, laws, rng, is_mirrored=is_mirrored) if n_steps == DAY_STEPS else None
    if extension is not None:
        steps = np.concatenate((steps, extension.returns))
        variance = np.concatenate((variance, extension.variance))
        nodes = np.concatenate((nodes, DAY_S + BLOCK_S * np.arange(1.0, len(extension.returns) + 1)))
    starts = np.zeros((len(nodes), steps.shape[1]), np.float32)
    starts[1:] = np.cumsum(steps, axis=0)
    moved, spread = steps.astype(np.float32), variance.astype(np.float32)
    drawn = rng.standard_exponential(moved.shape, np.float32)
    highs = _running(starts, reach_beyond(moved, spread, drawn))
    # Downwards everything is the same in the mirror; a path's two extremes need draws of their own, so it takes another path's.
    np.negative(starts, out=starts)
    np.negative(moved, out=moved)
    lows = _running(starts, reach_beyond(moved, spread, np.roll(drawn, moved.shape[1] // 2, axis=1)))
    return PathSet(laws, nodes, highs, np.negative(lows, out=lows), is_mirrored)


def _running(starts: NDArray[np.float32], reach: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the running maximum at each node of paths that go so far above their value in each step."""
    highest = np.zeros_like(starts)
    np.add(starts[:-1], reach, out=highest[1:])
    return np.asarray(np.maximum.accumulate(highest, axis=0, out=highest))


def _halves(paths: Floats, laws: Mapping[Horizon, Distribution]) -> NDArray[np.int64] | None:
    """Return the columns of one path of each mirrored pair, or None where paths or laws are not symmetric."""
    n_paths = paths.shape[1]
    if n_paths % 2 or any(np.abs(law.quantiles + law.quantiles[::-1]).max() > _MIRROR_TOLERANCE for law in laws.values()):
        return None
    # Mirror images end at opposite places, so they stand at opposite ends when all are put in order.
    order = np.argsort(paths[-1], kind="stable")
    first, second = order[: n_paths // 2], order[::-1][: n_paths // 2]
    return first if np.abs(paths[:, first] + paths[:, second]).max() <= _MIRROR_TOLERANCE else None
