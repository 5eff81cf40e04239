"""Where outcomes fall in their laws: the one computation that every score of a quantile grid begins with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from btcforecast.core import LEVELS, Floats, Ints
from btcforecast.core.distribution import logit
from btcforecast.core.errors import InputError

LOGITS: Final[Floats] = logit(LEVELS)
LOGIT_STEPS: Final[Floats] = np.diff(LOGITS)


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """Outcomes placed in their laws; every array has one row for each outcome, and NaN where the outcome is missing.

    slopes: shape (n, 104), dQ/dz in each segment between neighbouring levels, z being the logit of the level.
    segment: shape (n,), the segment that the outcome lies in; the first and the last one go on for ever.
    z: shape (n,), logit of the cdf at the outcome.
    slope: shape (n,), the slope of the outcome's own segment.
    """

    slopes: Floats
    segment: Ints
    z: Floats
    slope: Floats


def locate(quantiles: Floats, outcomes: Floats) -> Located:
    """Return where each outcome falls; quantiles: shape (n, 105) at `LEVELS`, outcomes: shape (n,), NaN where missing."""
    if quantiles.ndim != 2 or quantiles.shape[1] != len(LEVELS) or outcomes.shape != quantiles.shape[:1]:
        message = f"Quantiles come as (n, {len(LEVELS)}) and outcomes as (n,); got {quantiles.shape} and {outcomes.shape}."
        raise InputError(message)
    n_below = np.sum(quantiles <= outcomes[:, None], axis=1)
    segment = np.clip(n_below - 1, 0, len(LOGIT_STEPS) - 1).astype(np.int64)
    slopes = np.diff(quantiles, axis=1) / LOGIT_STEPS
    rows = np.arange(len(outcomes))
    slope = slopes[rows, segment]
    z = LOGITS[segment] + (outcomes - quantiles[rows, segment]) / slope
    return Located(slopes, segment, z, slope)


def softplus(z: Floats) -> Floats:
    """Return ln(1 + exp z) without overflow."""
    # A missing outcome is a NaN that passes through; it is nothing to warn about.
    with np.errstate(invalid="ignore"):
        return np.asarray(np.logaddexp(0, z))


def sigmoid(z: Floats) -> Floats:
    """Return 1 / (1 + exp −z) without overflow."""
    return np.asarray(np.exp(-softplus(-z)))
