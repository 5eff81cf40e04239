"""How paths are carried on to a month and between their points, and how far chance may move what is counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from btcforecast.core import HORIZONS, Distribution
from btcforecast.core.errors import InputError
from btcforecast.engine.models.conformance import distance
from btcforecast.engine.questions import PathSet, build_path_set, touch
from btcforecast.engine.questions.bridge import local_variance, reach_beyond
from btcforecast.engine.questions.estimate import share_error
from btcforecast.engine.questions.extension import BLOCK_S, DAY_S, extend

Make = Callable[..., PathSet]


@pytest.mark.parametrize("is_mirrored", [True, False])
@pytest.mark.parametrize("growth", [0.3, 0.5])
def test_paths_follow_every_published_law_beyond_the_day(make_path_set: Make, *, is_mirrored: bool, growth: float):
    laws = make_path_set(0.001, growth=growth).laws
    steps = np.random.default_rng(3).standard_t(4, (288, 500)) * 0.001
    found = extend(steps, laws, np.random.Generator(np.random.SFC64(1)), is_mirrored=is_mirrored)
    assert found is not None
    ends = steps.sum(axis=0) + np.cumsum(found.returns, axis=0)
    for horizon in HORIZONS[4:]:
        row = ends[(horizon.seconds - DAY_S) // BLOCK_S - 1]
        paths = np.concatenate((row, -row)) if is_mirrored else row
        assert distance(paths, laws[horizon]) < 0.002
    assert np.all(found.variance > 0)


def test_laws_up_to_a_day_need_no_extension(make_path_set: Make):
    laws = dict(list(make_path_set(0.001).laws.items())[:4])
    returns = np.cumsum(np.random.default_rng(1).normal(0, 0.001, (10, 289)), axis=1).astype(np.float32)
    returns -= returns[:, :1]
    assert build_path_set(laws, returns, seed=1).reach_s == DAY_S


def test_a_bridge_reaches_as_far_as_a_fine_walk_between_the_same_ends():
    rng = np.random.default_rng(5)
    n, fine = 4000, 800
    walk = np.cumsum(rng.normal(0, 1 / np.sqrt(fine), (fine, n)), axis=0)
    share = (np.arange(1, fine + 1) / fine)[:, None]
    bridged = walk - share * (walk[-1] - 0.7)
    reach = reach_beyond(np.full(n, 0.7, np.float32), np.ones(n, np.float32), rng.standard_exponential(n, np.float32))
    # A walk of finite steps misses 0.58 of a step (Broadie, Glasserman and Kou 1997).
    missed = 0.5826 / np.sqrt(fine)
    for level in (0.8, 1.2, 1.8):
        assert np.mean(reach >= level) == pytest.approx(np.mean(bridged.max(axis=0) >= level - missed), abs=0.03)
        assert np.mean(reach >= level) == pytest.approx(np.exp(-2 * level * (level - 0.7)), abs=0.03)
    assert np.all(reach >= np.float32(0.7))


def test_touching_agrees_with_the_reflection_principle_for_a_random_walk():
    rng = np.random.default_rng(6)
    half = rng.normal(0, 0.001, (288, 5000))
    steps = np.concatenate((half, -half), axis=1)
    returns = np.vstack((np.zeros((1, 10_000)), np.cumsum(steps, axis=0))).T.astype(np.float32)
    laws = {horizon: Distribution.from_samples(returns[:, horizon.n_steps]) for horizon in HORIZONS[:4]}
    paths = build_path_set(laws, returns, seed=2)
    sigma = 0.001 * np.sqrt(288)
    for multiple, expected in ((0.1, 0.9203), (0.5, 0.6171), (1.0, 0.3173), (2.0, 0.0455)):
        found = touch(paths, multiple * sigma, seconds=86400)
        assert found.probability == pytest.approx(expected, abs=0.012)
        closes_only = np.mean(returns.max(axis=1) >= multiple * sigma)
        assert closes_only < found.probability


def test_local_variance_equals_its_slow_twin():
    steps = np.random.default_rng(7).normal(0, 1, (40, 3))
    slow = [[np.mean(steps[max(0, i - 6) : i + 7, j] ** 2) for j in range(3)] for i in range(40)]
    assert np.allclose(local_variance(steps), slow)


def test_standard_errors_are_how_much_answers_vary_over_seeds(make_path_set: Make):
    found = [touch(make_path_set(0.001, seed=seed, n_paths=100), 0.02, seconds=2 * 86400) for seed in range(120)]
    spread = float(np.std([one.probability for one in found]))
    told = float(np.mean([one.standard_error for one in found]))
    # Anchoring to the laws makes the true error smaller than that of independent paths.
    assert 0.4 * told < spread < 1.2 * told


def test_pairs_that_agree_count_as_one_draw_and_certainty_is_never_claimed():
    agreeing = np.repeat([[0.0, 1.0]], 50, axis=1)
    split = np.full((1, 100), 0.5)
    assert share_error(agreeing)[0] == pytest.approx(0.05, rel=0.02)
    assert 0 < share_error(split)[0] < 0.01
    assert share_error(np.zeros((1, 100)))[0] > 0


@pytest.mark.parametrize("shape", [(1, 289), (10, 1), (10, 290)])
def test_what_are_no_paths_of_a_day_is_refused(make_path_set: Make, shape: tuple[int, int]):
    with pytest.raises(InputError, match="paths"):
        build_path_set(make_path_set(0.001).laws, np.zeros(shape, np.float32), seed=1)
