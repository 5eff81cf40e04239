"""The fixed set of questions: known beforehand, the same for every model and every cycle, so that nobody can choose what is counted.

A level is the spot moved by a distance in percent. For each horizon, in this order: is the close above the spot moved by −d₃, −d₂, −d₁, d₁, d₂, d₃;
is it within ±d₁, ±d₂, ±d₃, the lower end left out; is the spot moved by −d₃ … d₃ touched on the way by any candle's high or low.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import Distribution, Floats, Horizon

NUMBER: Final = 1
"""Which set this is; another rule gets another number, so that a record says what was asked."""
DISTANCES_PERCENT: Final[Mapping[Horizon, tuple[float, ...]]] = MappingProxyType(
    {
        Horizon.parse("1h"): (0.25, 0.5, 1.0),
        Horizon.parse("4h"): (0.5, 1.0, 2.0),
        Horizon.parse("24h"): (1.0, 2.0, 5.0),
        Horizon.parse("3d"): (2.0, 5.0, 10.0),
        Horizon.parse("7d"): (2.0, 5.0, 10.0),
    }
)
TOUCH_EVERY_S: Final = 12 * 3600
"""Touching is asked of cycles at 00:00 and 12:00 UTC: it takes paths, and spans that overlap tell little that is new."""
DECIMALS: Final = 6
"""Probabilities are sealed with so many decimals."""
NO, YES, VOID = 0, 1, 2


class Kind(StrEnum):
    """What is asked."""

    ABOVE = "above"
    BETWEEN = "between"
    TOUCH = "touch"


PLACES: Final[Mapping[Kind, slice]] = MappingProxyType(
    {Kind.ABOVE: slice(0, 6), Kind.BETWEEN: slice(6, 9), Kind.TOUCH: slice(9, 15)}
)
"""Where the questions of each kind stand among those of one horizon; without touching there are nine."""


def asks_touch(as_of: int) -> bool:
    """Say whether the cycle at that instant is asked about touching."""
    return as_of % TOUCH_EVERY_S == 0


def n_questions(*, has_touch: bool) -> int:
    """Return how many questions are asked about one horizon."""
    return 15 if has_touch else 9


def log_levels(horizon: Horizon) -> Floats:
    """Return the levels of a horizon as log returns, lowest first, shape (6,)."""
    return np.log1p(np.array(_signed(horizon)) / 100)


def law_probabilities(law: Distribution, horizon: Horizon) -> Floats:
    """Return the probabilities that the law gives to the questions about the close, shape (9,), rounded as sealed."""
    below = law.cdf(log_levels(horizon))
    between = below[[3, 4, 5]] - below[[2, 1, 0]]
    return _sealed(np.concatenate((1 - below, between)))


def reflected_touch(law: Distribution, horizon: Horizon) -> Floats:
    """Return the probabilities of touching each level that follow from a law alone, shape (6,), rounded as sealed.

    Of the paths that touch a level half end beyond it (reflection principle; Feller 1968, III.1): exact for a random walk in continuous time. It is
    what a model without paths is taken to say.
    """
    return _sealed(np.minimum(2 * beyond(law, horizon), 1))


def beyond(law: Distribution, horizon: Horizon) -> Floats:
    """Return the probability of closing beyond each level as seen from the spot, shape (6,): the least that touching can be."""
    below = law.cdf(log_levels(horizon))
    return np.concatenate((below[:3], 1 - below[3:]))


def touched(probabilities: Floats) -> Floats:
    """Return probabilities of touching rounded as sealed."""
    return _sealed(probabilities)


def outcomes(
    horizon: Horizon, *, spot: float, close: float | None, high: float | None, low: float | None, has_touch: bool
) -> NDArray[np.uint8]:
    """Return what came true: NO, YES or VOID for each question. high, low: of all candles on the way; None where it cannot be told."""
    levels = spot * (1 + np.array(_signed(horizon)) / 100)
    found = np.full(n_questions(has_touch=has_touch), VOID, np.uint8)
    if close is not None:
        found[PLACES[Kind.ABOVE]] = close > levels
        found[PLACES[Kind.BETWEEN]] = (close > levels[[2, 1, 0]]) & (close <= levels[[3, 4, 5]])
    if has_touch and high is not None and low is not None:
        found[PLACES[Kind.TOUCH]] = np.concatenate((low <= levels[:3], high >= levels[3:]))
    return found


def brier(probabilities: Floats, found: NDArray[np.uint8]) -> dict[Kind, float]:
    """Return the mean of (probability − outcome)² over the questions of each kind that were answered (Brier 1950).

    probabilities: of one model, in the order of the set.
    """
    means = {}
    for kind, place in PLACES.items():
        outcome = found[place]
        if len(outcome) and not np.any(outcome == VOID):
            means[kind] = float(np.mean((probabilities[place] - outcome) ** 2))
    return means


def _signed(horizon: Horizon) -> tuple[float, ...]:
    distances = DISTANCES_PERCENT[horizon]
    return (*(-distance for distance in reversed(distances)), *distances)


def _sealed(probabilities: Floats) -> Floats:
    return np.asarray(np.round(np.clip(probabilities, 0, 1), DECIMALS))
