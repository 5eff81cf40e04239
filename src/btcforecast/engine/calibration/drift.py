"""Whether the present is still what the model was made for: distances of PIT values and of inputs from what they should be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from btcforecast.core import BASE, Candles, Floats, Ints

Level = Literal["none", "moderate", "major", "too_few"]
_DAY_CANDLES: Final = 288
_BINS: Final = 10
_SMALLEST_SHARE: Final = 1e-4
"""An empty bin would make the index infinite."""
_SMALLEST_MEAN: Final = 1e-7
_MODERATE: Final = 0.10
_MAJOR: Final = 0.25
_USUAL: Final = 1.358
"""√n times the Kolmogorov–Smirnov distance that true uniforms exceed once in twenty times (Kolmogorov 1933)."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """How the candles of a window differ from those of the training year.

    volatility_percent: mean |return| ÷ the training year's, in percent. psi: population stability index of the relative sizes. Both
    None where there is too little to compare.
    """

    n_candles: int
    missing_percent: float
    volatility_percent: float | None
    psi: float | None

    @property
    def level(self) -> Level:
        """Return what the index means, by the usual thresholds."""
        if self.psi is None:
            return "too_few"
        return "none" if self.psi < _MODERATE else "moderate" if self.psi < _MAJOR else "major"


def pit_distance(pit: Floats) -> float | None:
    """Return the Kolmogorov–Smirnov distance of PIT values from the uniform law, or None where there are none."""
    n = len(pit)
    if n == 0:
        return None
    ordered, steps = np.sort(pit), np.arange(n + 1) / n
    return float(max(np.max(steps[1:] - ordered), np.max(ordered - steps[:-1])))


def usual_pit_distance(n: int) -> float | None:
    """Return the distance that n independent PIT values of a calibrated model exceed once in twenty times."""
    return None if n == 0 else _USUAL / math.sqrt(n)


def input_drift(training: Candles, candles: Candles, *, since: int, until: int) -> Inputs:
    """Return how the candles opened in [since, until) differ from the training year; those of the day before are compared with."""
    window = candles.up_to(until)
    n_candles, n_expected = len(window.since(since)), max(1, (until - since) // BASE.seconds)
    sizes = relative_sizes(window.since(since - (_DAY_CANDLES + 1) * BASE.seconds))
    is_inside = sizes.opened_at >= since
    recent, reference = sizes.relative[is_inside], relative_sizes(training)
    has_enough = len(recent) >= _DAY_CANDLES and len(reference.relative) >= _DAY_CANDLES
    usual = float(reference.size.mean()) if has_enough else 0.0
    return Inputs(
        n_candles=n_candles,
        missing_percent=100 * (1 - n_candles / n_expected),
        volatility_percent=100 * float(sizes.size[is_inside].mean()) / usual if usual > 0 else None,
        psi=stability_index(reference.relative, recent) if has_enough else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Sizes:
    """Absolute five-minute returns, and the same ÷ their mean over the 288 before; those that begin a history or a gap are left out."""

    opened_at: Ints
    size: Floats
    relative: Floats


def relative_sizes(candles: Candles) -> Sizes:
    """Return the sizes of the candles' returns."""
    follows = np.diff(candles.opened_at) == BASE.seconds
    size = np.abs(np.diff(np.log(candles.close)))[follows]
    opened_at = candles.opened_at[1:][follows]
    if len(size) <= _DAY_CANDLES:
        return Sizes(opened_at[:0], size[:0], size[:0])
    total = np.r_[0.0, np.cumsum(size)]
    before = (total[_DAY_CANDLES:-1] - total[: -_DAY_CANDLES - 1]) / _DAY_CANDLES
    return Sizes(opened_at[_DAY_CANDLES:], size[_DAY_CANDLES:], size[_DAY_CANDLES:] / np.maximum(before, _SMALLEST_MEAN))


def stability_index(reference: Floats, actual: Floats) -> float:
    """Return the population stability index Σ (a − e) ln(a / e) over the reference's deciles; e, a: shares of the two in each.

    Source: N. Siddiqi, Credit Risk Scorecards, Wiley 2006; below 0.1 little has changed, above 0.25 much.
    """
    edges = np.unique(np.quantile(reference, np.arange(1, _BINS) / _BINS))
    expected, found = (
        np.maximum(np.bincount(np.searchsorted(edges, values, "right"), minlength=len(edges) + 1) / len(values), _SMALLEST_SHARE)
        for values in (reference, actual)
    )
    return float(np.sum((found - expected) * np.log(found / expected)))
