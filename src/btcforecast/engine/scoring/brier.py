"""Brier score of probabilities, and the parts it is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from btcforecast.core import Floats
from btcforecast.core.errors import InputError


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Probabilities within [low, high) and how often what they were given to came true."""

    low: float
    high: float
    n: int
    mean_probability: float
    observed: float


@dataclass(frozen=True, slots=True)
class BrierParts:
    """score = reliability − resolution + uncertainty + what binning leaves over.

    reliability: mean squared distance of frequencies from what was said, 0 is best; resolution: how far the bins' frequencies lie apart, more is
    better; uncertainty: the score of always saying the overall frequency.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    bins: tuple[ReliabilityBin, ...]


def brier_parts(probabilities: Floats, outcomes: Floats, *, n_bins: int = 10) -> BrierParts:
    """Return the mean of (p − o)² and its decomposition over equal bins of [0, 1]; both of shape (n,), outcomes 0 or 1.

    Sources: Brier 1950; Murphy 1973, doi 10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2; for what binning leaves over (the variance within
    bins less twice their covariance) Stephenson, Coelho and Jolliffe 2008, doi 10.1175/2007WAF2006116.1.
    """
    if probabilities.ndim != 1 or probabilities.shape != outcomes.shape or not len(outcomes):
        raise InputError(
            f"Probabilities and outcomes are two columns of equal length; got {probabilities.shape}, {outcomes.shape}."
        )
    place = np.minimum((probabilities * n_bins).astype(np.int64), n_bins - 1)
    n = np.bincount(place, minlength=n_bins)
    used = np.flatnonzero(n)
    mean = np.bincount(place, probabilities, minlength=n_bins)[used] / n[used]
    observed = np.bincount(place, outcomes, minlength=n_bins)[used] / n[used]
    overall = float(outcomes.mean())
    share = n[used] / len(outcomes)
    return BrierParts(
        score=float(np.mean((probabilities - outcomes) ** 2)),
        reliability=float(share @ (mean - observed) ** 2),
        resolution=float(share @ (observed - overall) ** 2),
        uncertainty=overall * (1 - overall),
        bins=tuple(
            ReliabilityBin(i / n_bins, (i + 1) / n_bins, int(n[i]), float(mean[j]), float(observed[j]))
            for j, i in enumerate(used.tolist())
        ),
    )
