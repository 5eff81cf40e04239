"""The Synth subnet's score of simulated price paths over a day.

Source: mode-network/synth-subnet, `synth/validator/crps_calculation.py` and the low-frequency prompt of `prompt_config.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import Floats
from btcforecast.core.errors import InputError
from btcforecast.engine.scoring.crps import BPS, crps_ensemble_sorted

N_POINTS: Final = 289
"""A day in five-minute steps, both ends included."""
_STEPS: Final = {"five_minutes": 1, "half_hours": 6, "three_hours": 36}


@dataclass(frozen=True, slots=True)
class SynthScore:
    """The parts of the score, basis points, each a sum of CRPS over the increments of the day; smaller is better.

    five_minutes, half_hours, three_hours: of simple returns over 288, 48 and 8 increments. day_end: of the price after 24 h, over the
    realised one. n_increments: how many of the 345 terms had both of their prices.
    """

    five_minutes: float
    half_hours: float
    three_hours: float
    day_end: float
    n_increments: int

    @property
    def total(self) -> float:
        """Return the score that the subnet ranks by."""
        return self.five_minutes + self.half_hours + self.three_hours + self.day_end


def synth_score(paths_prices: NDArray[np.floating], realised_prices: Floats) -> float:
    """Return the Synth score of the paths, basis points; see `synth_parts`."""
    return synth_parts(paths_prices, realised_prices).total


def synth_parts(paths_prices: NDArray[np.floating], realised_prices: Floats) -> SynthScore:
    """Return the parts of the Synth score.

    paths_prices: shape (n_paths, 289), positive; realised_prices: shape (289,), NaN where a price is missing: as at the subnet, every
    increment that lacks a price is left out of the sum.
    """
    if paths_prices.ndim != 2 or paths_prices.shape[1] != N_POINTS or realised_prices.shape != (N_POINTS,):
        message = f"Synth scores (n, {N_POINTS}) path prices and {N_POINTS} realised ones; got {paths_prices.shape}."
        raise InputError(message)
    # Steps-major, because a sort of contiguous rows of float32 uses numpy's vectorised sort: fifteen times faster.
    prices = np.ascontiguousarray(paths_prices.T)
    sums: dict[str, float] = {}
    n_increments = 0
    for name, step in _STEPS.items():
        members = np.diff(prices[::step], axis=0) / prices[:-1:step] * BPS
        outcomes = np.diff(realised_prices[::step]) / realised_prices[:-1:step] * BPS
        found = ~np.isnan(outcomes)
        sums[name] = _sum_of_crps(members, outcomes) if found.all() else _sum_of_crps(members[found], outcomes[found])
        n_increments += int(found.sum())
    end = float(realised_prices[-1])
    if np.isfinite(end):
        # CRPS(x, y) / y and CRPS(x / y − 1, 0) are the same number; the second survives float32.
        sums["day_end"] = _sum_of_crps((prices[-1:].astype(np.float64) / end - 1) * BPS, np.zeros(1))
        n_increments += 1
    else:
        sums["day_end"] = 0.0
    return SynthScore(**sums, n_increments=n_increments)


def _sum_of_crps(members: NDArray[np.floating], outcomes: Floats) -> float:
    ordered = members.astype(np.float32, copy=False)
    ordered.sort(axis=1)
    return float(crps_ensemble_sorted(ordered, outcomes).sum())
