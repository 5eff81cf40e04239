"""The variance that a law implies, tails included."""

from __future__ import annotations

from typing import Final

import numpy as np

from btcforecast.core import Floats
from btcforecast.engine.scoring.located import LOGIT_STEPS, LOGITS

_TAIL_REACH: Final = 60.0
"""How far into a tail the moments are summed, in logits: e⁻⁶⁰ of the probability lies beyond."""


def law_variances(quantiles: Floats) -> Floats:
    """Return the variance of each law, shape (n,), in the unit of the outcomes squared; quantiles: shape (n, 105) at `LEVELS`.

    A published law is linear in the logit z of its level between two levels and beyond the outermost ones, so with w = dQ/dz its moments
    over a segment are E[Q] = q m₀ + w m₁ and E[Q²] = q² m₀ + 2 q w m₁ + w² m₂, where mₖ = ∫ (z − z₀)ᵏ σ′(z) dz depend on the grid alone.
    """
    slopes = np.diff(quantiles, axis=1) / LOGIT_STEPS
    start = np.concatenate((quantiles[:, :1], quantiles[:, :-1], quantiles[:, -1:]), axis=1)
    slope = np.concatenate((slopes[:, :1], slopes, slopes[:, -1:]), axis=1)
    m0, m1, m2 = _MOMENTS
    mean = np.einsum("ij,j->i", start, m0) + np.einsum("ij,j->i", slope, m1)
    square = np.einsum("ij,j->i", start**2, m0) + np.einsum("ij,j->i", 2 * start * slope, m1) + np.einsum("ij,j->i", slope**2, m2)
    return np.asarray(square - mean**2)


def _moments() -> Floats:
    """Return m₀, m₁ and m₂ of the lower tail, of every segment and of the upper tail, shape (3, 106)."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    ends = np.concatenate(([LOGITS[0] - _TAIL_REACH], LOGITS, [LOGITS[-1] + _TAIL_REACH]))
    half = np.diff(ends)[:, None] / 2
    z = ends[:-1, None] + half * (nodes + 1)
    # Tails are measured from the outermost quantile, segments from their lower one.
    origin = np.concatenate((LOGITS[:1], LOGITS))[:, None]
    density = 1 / (2 + 2 * np.cosh(z))
    return np.array([np.sum(weights * half * (z - origin) ** k * density, axis=1) for k in range(3)])


_MOMENTS: Final = _moments()
