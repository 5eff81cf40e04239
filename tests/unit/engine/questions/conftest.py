"""Random laws with paths that follow them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from btcforecast.core import HORIZONS, LEVELS, Distribution, Horizon
from btcforecast.core.distribution import logit
from btcforecast.engine.models.anchoring import anchor_paths
from btcforecast.engine.questions import PathSet, build_path_set

Laws = dict[Horizon, Distribution]


def make_laws(spread: float, *, growth: float = 0.5, skew: float = 0.0) -> Laws:
    """Logistic laws whose spread grows like a power of time; skew widens the upper half."""
    z = logit(LEVELS)
    shape = z * np.where(z > 0, 1 + skew, 1.0)
    return {horizon: Distribution(spread * horizon.n_steps**growth * shape).rounded() for horizon in HORIZONS}


def make_returns(laws: Laws, *, n_paths: int, seed: int, is_mirrored: bool) -> np.ndarray:
    """A random walk with t steps, moved onto the laws."""
    rng = np.random.default_rng(seed)
    half = 0.001 * rng.standard_t(4, (288, n_paths // 2))
    steps = np.concatenate((half, -half), axis=1) if is_mirrored else 0.001 * rng.standard_t(4, (288, n_paths))
    raw = np.concatenate((np.zeros((1, n_paths)), np.cumsum(steps, axis=0)))[:, rng.permutation(n_paths)]
    return anchor_paths(raw, laws, np.arange(289.0)).T.astype(np.float32)


@pytest.fixture(scope="session")
def make_path_set() -> Callable[..., PathSet]:
    """Return a function that makes a path set from a few numbers."""

    def make(
        spread: float, *, growth: float = 0.5, skew: float = 0.0, seed: int = 1, n_paths: int = 200, is_mirrored: bool = True
    ) -> PathSet:
        laws = make_laws(spread, growth=growth, skew=skew)
        returns = make_returns(laws, n_paths=n_paths, seed=seed, is_mirrored=is_mirrored)
        return build_path_set(laws, returns, seed=seed)

    return make
