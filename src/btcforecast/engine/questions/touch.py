"""Touching a level on the way: how likely, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from btcforecast.core import Floats, Horizon
from btcforecast.core.errors import InputError
from btcforecast.engine.questions.estimate import Estimate, share_error
from btcforecast.engine.questions.laws import most_beyond
from btcforecast.engine.questions.pathset import PathSet


@dataclass(frozen=True, slots=True)
class Touch:
    """The probability of touching. is_bound: fewer paths touched, and the probability is that of being beyond at some instant."""

    probability: float
    standard_error: float
    is_bound: bool


@dataclass(frozen=True, slots=True)
class TouchTime:
    """The instant by which a touch has come with probability `level`, given that it comes; seconds after the forecast."""

    level: float
    seconds: Estimate


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """When a level is first touched. seconds, probabilities, standard_errors: P(touched by then), shape (n,) each."""

    seconds: Floats
    probabilities: Floats
    standard_errors: Floats
    times: tuple[TouchTime, ...]


def touch(paths: PathSet, log_level: float, *, seconds: float) -> Touch:
    """Return the probability that the log return reaches the level at some moment up to then.

    The share of paths that touched, between two nodes linear in time; where the laws have more beyond the level at some instant up
    to then, theirs, because a price that is beyond has touched. It falls with distance and grows with time.
    """
    at = np.array([float(seconds)])
    counted, errors = _counted(paths, log_level, at)
    least = most_beyond(paths.laws, log_level, at)
    return Touch(float(max(counted[0], least[0])), float(errors[0]), bool(least[0] > counted[0]))


def touch_many(paths: PathSet, log_levels: Floats, horizon: Horizon) -> Floats:
    """Return what `touch` gives for each of the levels at a published horizon: faster than one by one."""
    row = int(np.searchsorted(paths.nodes_s, horizon.seconds))
    found = np.empty(len(log_levels))
    for is_up in (True, False):
        chosen = (log_levels >= 0) == is_up
        reached = np.sort(np.concatenate([distances[row] for distances in paths.distances(is_up=is_up)])).astype(np.float64)
        found[chosen] = 1 - np.searchsorted(reached, np.abs(log_levels[chosen])) / len(reached)
    for known, law in paths.laws.items():
        if known <= horizon:
            below = law.cdf(log_levels)
            found = np.maximum(found, np.where(log_levels >= 0, 1 - below, below))
    return found


def passage(paths: PathSet, log_level: float, *, seconds: Floats, levels: tuple[float, ...]) -> Passage:
    """Return the distribution of the first touch up to the last of `seconds`, at these instants and at levels of the time given a touch.

    The error of a time is half the span between the instants at which the probability, moved by its own error up and down, would
    reach the level (Woodruff 1952, doi 10.1080/01621459.1952.10483443).
    """
    if len(seconds) == 0 or np.any(np.diff(seconds) <= 0):
        raise InputError("A passage needs increasing instants.")
    probabilities, errors = _touched_by(paths, log_level, seconds)
    end = float(seconds[-1])
    nodes = np.concatenate((paths.nodes_s[paths.nodes_s < end], [end]))
    curve, curve_errors = _touched_by(paths, log_level, nodes)
    total = float(curve[-1])
    times = tuple(_time(level, nodes, curve, curve_errors) for level in levels) if total > 0 else ()
    return Passage(seconds, probabilities, errors, times)


def _time(level: float, nodes: Floats, curve: Floats, errors: Floats) -> TouchTime:
    def reached(probability: float) -> float:
        first = int(np.argmax(curve >= min(probability, float(curve[-1]))))
        if first == 0:
            return float(nodes[0])
        share = (probability - curve[first - 1]) / (curve[first] - curve[first - 1])
        return float(nodes[first - 1] + np.clip(share, 0, 1) * (nodes[first] - nodes[first - 1]))

    wanted = level * float(curve[-1])
    at = reached(wanted)
    error = float(np.interp(at, nodes, errors))
    return TouchTime(level, Estimate(at, (reached(wanted + error) - reached(max(wanted - error, 0.0))) / 2))


def _touched_by(paths: PathSet, log_level: float, seconds: Floats) -> tuple[Floats, Floats]:
    counted, errors = _counted(paths, log_level, seconds)
    return np.maximum(counted, most_beyond(paths.laws, log_level, seconds)), errors


def _counted(paths: PathSet, log_level: float, seconds: Floats) -> tuple[Floats, Floats]:
    """Return the share of paths that touched by each instant, and its standard error."""
    # Only the nodes on either side of an instant are counted at.
    after = np.clip(np.searchsorted(paths.nodes_s, seconds), 1, len(paths.nodes_s) - 1)
    rows = np.unique(np.concatenate((after - 1, after)))
    # numpy would round a plain float to the paths' float32, and a level just above the spot would be the spot.
    level = np.float64(abs(log_level))
    shares = np.mean([reached[rows] >= level for reached in paths.distances(is_up=log_level >= 0)], axis=0)
    counted = np.interp(seconds, paths.nodes_s[rows], shares.mean(axis=1))
    return counted, np.interp(seconds, paths.nodes_s[rows], share_error(shares))
