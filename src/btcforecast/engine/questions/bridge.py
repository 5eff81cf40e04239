"""How far a path went between the points at which it is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import Floats

_WINDOW = 13
"""Steps around each one whose squared returns give its variance: about an hour of five-minute steps."""


def local_variance(steps: Floats) -> Floats:
    """Return the variance of each step of each path, from the squared returns around it; steps: shape (n_steps, n_paths)."""
    n_steps = len(steps)
    sums = np.zeros((n_steps + 1, steps.shape[1]))
    np.cumsum(steps * steps, axis=0, out=sums[1:])
    first = np.maximum(np.arange(n_steps) - _WINDOW // 2, 0)
    after = np.minimum(np.arange(n_steps) + _WINDOW // 2 + 1, n_steps)
    return np.asarray((sums[after] - sums[first]) / (after - first)[:, None])


def reach_beyond(
    steps: NDArray[np.float32], variance: NDArray[np.float32], exponentials: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return how far above its start each step went: the maximum of a Brownian bridge from 0 to the step's return.

    M = (r + √(r² + 2 v E)) / 2 with E exponential of mean 1 has exactly the law of that maximum, because P(M ≥ m) =
    exp(−2 m (m − r) / v) (Beaglehole, Dybvig and Zhou 1997; Glasserman 2003, section 6.4). Never below 0 or r.

    steps, variance, exponentials: of equal shape. Single precision is a millionth of a step, and half of the memory traffic.
    """
    reach = variance * exponentials
    reach *= 2
    reach += steps * steps
    np.sqrt(reach, out=reach)
    reach += steps
    reach *= 0.5
    np.maximum(reach, steps, out=reach)
    return np.asarray(np.maximum(reach, 0, out=reach))
