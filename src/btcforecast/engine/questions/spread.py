"""How far the price is expected to range: its highest, its lowest, and the distance between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from btcforecast.core import Floats
from btcforecast.engine.questions.estimate import Estimate, mean_error
from btcforecast.engine.questions.laws import law_at
from btcforecast.engine.questions.pathset import PathSet


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """The range of the price over a span, as multiples of the spot.

    high, low: expected highest and lowest price; width: their difference. high_levels, low_levels: their quantiles at the levels asked
    for, each low one at the level of the low itself (5 % of lows lie below the 5 % one).
    """

    high: Estimate
    low: Estimate
    width: Estimate
    high_quantiles: Floats
    low_quantiles: Floats


def spread(paths: PathSet, *, seconds: int, levels: Floats) -> Spread:
    """Return what range to expect up to that instant; the distribution of the highest price is one minus the probability of touching."""
    far_up, up_weights = _distances(paths, is_up=True, seconds=seconds)
    far_down, down_weights = _distances(paths, is_up=False, seconds=seconds)
    high, low = float(up_weights @ np.exp(far_up)), float(down_weights @ np.exp(-far_down))
    highs, lows = _ends(paths, seconds=seconds)
    return Spread(
        high=Estimate(high, mean_error(highs)),
        low=Estimate(low, mean_error(lows)),
        width=Estimate(high - low, mean_error(highs - lows)),
        high_quantiles=np.exp(np.interp(levels, _places(up_weights), far_up)),
        low_quantiles=np.exp(-np.interp(1 - levels, _places(down_weights), far_down)),
    )


def _distances(paths: PathSet, *, is_up: bool, seconds: int) -> tuple[Floats, Floats]:
    """Return the distances gone to one side, smallest first, with their weights: the inverse of the probabilities of touching.

    Between two nodes it is the mixture of both; the laws' quantiles, at any instant up to then, are the least (see `touch`).
    """
    node, share = paths.between(seconds)
    columns = paths.distances(is_up=is_up)
    found = np.concatenate([reached[row] for row in (node, node + 1) for reached in columns]).astype(np.float64)
    weights = np.repeat([1 - share, share], len(found) // 2) / (len(found) // 2)
    # At a node itself its neighbour has no weight.
    order = np.argsort(found, kind="stable")
    order = order[weights[order] > 0]
    found, weights = found[order], weights[order]
    places = _places(weights)
    laws = [law for horizon, law in paths.laws.items() if horizon.seconds < seconds] + [law_at(paths.laws, seconds)[0]]
    least = np.max([law.quantile(places) if is_up else -law.quantile(1 - places) for law in laws], axis=0)
    return np.maximum(found, least), weights


def _places(weights: Floats) -> Floats:
    """Return the level that each of the ordered values stands for."""
    return np.asarray(np.clip(np.cumsum(weights) - weights / 2, 1e-9, 1 - 1e-9))


def _ends(paths: PathSet, *, seconds: int) -> tuple[Floats, Floats]:
    """Return each unit's highest and lowest price as multiples of the spot; of a mirrored pair the means."""
    node, share = paths.between(seconds)
    up, down = paths.distances(is_up=True), paths.distances(is_up=False)
    mixed = np.array([1 - share, share])
    highs = np.mean([mixed @ np.exp(far[node : node + 2]) for far in up], axis=0)
    lows = np.mean([mixed @ np.exp(-far[node : node + 2]) for far in down], axis=0)
    return highs, lows
