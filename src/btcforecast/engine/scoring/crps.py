"""Continuous ranked probability score of laws given as quantiles: exact for the published law, tails included."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import Floats
from btcforecast.engine.scoring.located import LOGITS, Located, locate, sigmoid, softplus

BPS: Final = 10_000.0


def crps(quantiles: Floats, outcomes: Floats) -> Floats:
    """Return CRPS = ∫ (F(x) − 1{x ≥ y})² dx for each row, in the unit of the outcomes, NaN where the outcome is missing.

    Source of the score: Matheson and Winkler 1976; Gneiting and Raftery 2007, doi 10.1198/016214506000001437.

    A published law is linear between its quantiles on the logit scale z = ln(F / (1 − F)), and beyond them (`Distribution`). Where
    dx = w dz, ∫ F² dx = w ∫ σ(z)² dz = w [G(z)] with G(z) = ln(1 + eᶻ) − σ(z), and ∫ (1 − F)² dx = −w [G(−z)]. G vanishes at −∞, so
    the tails have the same closed form. Nothing is approximated: this is the score of the law, not of 105 points of it.
    """
    return crps_located(locate(quantiles, outcomes))


def crps_located(at: Located) -> Floats:
    """Return the CRPS of outcomes that are already placed in their laws."""
    number = np.arange(len(_BELOW))
    below = np.where(number < at.segment[:, None], _BELOW, 0)
    above = np.where(number > at.segment[:, None], _ABOVE, 0)
    whole = np.einsum("ij,ij->i", at.slopes, below + above)
    last = len(_BELOW) - 1
    left = _integral(at.z) - np.where(at.segment > 0, _AT[at.segment], 0)
    right = _integral(-at.z) - np.where(at.segment < last, _AT_FLIPPED[at.segment + 1], 0)
    low_tail = np.where(at.segment > 0, at.slopes[:, 0] * _AT[0], 0)
    high_tail = np.where(at.segment < last, at.slopes[:, -1] * _AT_FLIPPED[-1], 0)
    return np.asarray(whole + low_tail + high_tail + at.slope * (left + right))


def crps_ensemble_sorted(members: NDArray[np.floating], outcomes: Floats) -> Floats:
    """Return CRPS = mean |xᵢ − y| − ½ mean |xᵢ − xⱼ| for each row; members: shape (n, m), ascending in each row.

    This is the score of the empirical law (all m² pairs count), as in the `properscoring` library. From sorted members,
    Σᵢⱼ |xᵢ − xⱼ| = 2 Σᵢ (2i − m − 1) x₍ᵢ₎.
    """
    m = members.shape[1]
    weights = ((2 * np.arange(m) - m + 1) / m**2).astype(members.dtype)
    # einsum, because BLAS would start threads for a product this small, and its sums depend on how many.
    spread = np.einsum("ij,j->i", members, weights)
    distance = members - outcomes[:, None].astype(members.dtype)
    distance = np.abs(distance, out=distance).mean(axis=1)
    return np.asarray(distance - spread, np.float64)


def _integral(z: Floats) -> Floats:
    return np.asarray(softplus(z) - sigmoid(z))


_AT: Final = _integral(LOGITS)
_AT_FLIPPED: Final = _integral(-LOGITS)
_BELOW: Final = np.diff(_AT)
_ABOVE: Final = -np.diff(_AT_FLIPPED)
