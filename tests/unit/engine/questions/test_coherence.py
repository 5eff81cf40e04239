"""Answers about one forecast never contradict each other or its laws, whatever the laws and paths."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from btcforecast.core import HORIZONS, Distribution, Horizon
from btcforecast.engine.questions import PathSet, law_at, passage, probability_beyond, risk, spread, touch, touch_many
from btcforecast.engine.questions.extension import BLOCK_S

DAY, MONTH = 86400, 30 * 86400
Make = Callable[..., PathSet]

few = settings(max_examples=40)
spans = st.integers(300, MONTH)
levels = st.floats(-0.3, 0.3)
sets = st.fixed_dictionaries(
    {
        "spread": st.floats(0.0003, 0.004),
        "growth": st.floats(0.3, 0.55),
        "skew": st.sampled_from([0.0, 0.0, 0.4]),
        "seed": st.integers(0, 2**40),
        "is_mirrored": st.booleans(),
    }
)


@few
@given(sets, levels, st.tuples(spans, spans).map(sorted))
def test_touching_grows_with_time_and_is_no_less_than_being_beyond(make_path_set: Make, chosen: dict, level: float, ends: list):
    paths = make_path_set(**chosen)
    sooner, later = (touch(paths, level, seconds=seconds).probability for seconds in ends)
    assert 0 <= sooner <= later <= 1
    for seconds, found in zip(ends, (sooner, later), strict=True):
        assert found >= probability_beyond(law_at(paths.laws, seconds)[0], level) - 1e-12
        for horizon, law in paths.laws.items():
            if horizon.seconds <= seconds:
                assert found >= probability_beyond(law, level) - 1e-12


@few
@given(sets, spans, st.lists(st.floats(0, 0.4), min_size=2, max_size=6).map(sorted), st.sampled_from([1, -1]))
def test_touching_falls_with_distance(make_path_set: Make, chosen: dict, seconds: int, distances: list, side: int):
    paths = make_path_set(**chosen)
    found = [touch(paths, side * distance, seconds=seconds).probability for distance in distances]
    assert found == sorted(found, reverse=True)
    assert touch(paths, 0.0, seconds=seconds).probability == 1


@few
@given(sets, spans, st.floats(0.02, 0.98))
def test_the_quantiles_of_the_extremes_are_the_levels_touched_as_often(
    make_path_set: Make, chosen: dict, seconds: int, level: float
):
    paths = make_path_set(**chosen)
    found = spread(paths, seconds=seconds, levels=np.array([level]))
    high, low = math.log(found.high_quantiles[0]), math.log(found.low_quantiles[0])
    # One path in n is the resolution of a sample.
    assert touch(paths, high, seconds=seconds).probability == pytest.approx(1 - level, abs=3 / paths.n_paths)
    assert touch(paths, low, seconds=seconds).probability == pytest.approx(level, abs=3 / paths.n_paths)


@few
@given(sets, spans)
def test_the_expected_range_holds_the_spot_and_the_expected_move(make_path_set: Make, chosen: dict, seconds: int):
    paths = make_path_set(**chosen)
    found = spread(paths, seconds=seconds, levels=np.array([0.5]))
    ends = np.exp(law_at(paths.laws, seconds)[0].quantile((np.arange(2000) + 0.5) / 2000))
    assert found.low.value <= 1 <= found.high.value
    assert found.width.value == pytest.approx(found.high.value - found.low.value)
    assert found.width.value >= np.abs(ends - 1).mean() * (1 - 0.01)
    assert min(found.high.standard_error, found.low.standard_error, found.width.standard_error) > 0


@few
@given(sets, spans, levels)
def test_first_passage_is_the_probability_of_touching_at_each_instant(make_path_set: Make, chosen: dict, end: int, level: float):
    paths = make_path_set(**chosen)
    instants = np.unique(np.linspace(end / 7, end, 7))
    found = passage(paths, level, seconds=instants, levels=(0.1, 0.5, 0.9))
    expected = [touch(paths, level, seconds=seconds) for seconds in instants.tolist()]
    assert found.probabilities.tolist() == [one.probability for one in expected]
    assert found.standard_errors.tolist() == [one.standard_error for one in expected]
    times = [time.seconds.value for time in found.times]
    assert times == sorted(times)
    assert all(0 <= time <= end for time in times)
    for time in found.times:
        # Read off between two nodes, which are no farther apart.
        around = [touch(paths, level, seconds=max(time.seconds.value + shift, 0)).probability for shift in (-BLOCK_S, BLOCK_S)]
        is_at_once = time.seconds.value == 0
        assert is_at_once or around[0] - 1e-9 <= time.level * expected[-1].probability <= around[1] + 1e-9


@few
@given(chosen=sets, seconds=st.integers(1, MONTH), level=st.sampled_from([0.9, 0.95, 0.99]), is_long=st.booleans())
def test_value_at_risk_is_the_quantile_and_shortfall_is_the_mean_beyond_it(
    make_path_set: Make, chosen: dict, seconds: int, level: float, *, is_long: bool
):
    law, _ = law_at(make_path_set(**chosen).laws, seconds)
    found = risk(law, level=level, is_long=is_long)
    quantile = float(law.quantile(1 - level if is_long else level))
    assert found.value_at_risk == pytest.approx(-quantile if is_long else quantile)
    # The slow twin: a fine sum over the tail, in steps that grow away from the end of the scale.
    edges = (1 - level) * np.linspace(0, 1, 4001)[1:] ** 8
    weights = np.diff(np.concatenate(([0.0], edges)))
    middles = edges - weights / 2
    # The grid is symmetric, so a sold unit's tail is the lower one of the mirrored law.
    worst = Distribution(law.quantiles if is_long else -law.quantiles[::-1]).quantile(middles)
    worst = worst if is_long else -worst
    losses = np.stack((-worst, 1 - np.exp(worst))) * (1 if is_long else -1)
    in_logs, in_price = (losses @ weights / (1 - level)).tolist()
    assert found.expected_shortfall == pytest.approx(in_logs, rel=2e-3)
    assert found.expected_shortfall_share == pytest.approx(in_price, rel=2e-3)
    assert found.expected_shortfall >= found.value_at_risk
    assert found.expected_shortfall_share >= found.value_at_risk_share


def test_a_law_whose_price_has_no_mean_leaves_a_sold_unit_without_bound(make_path_set: Make):
    wild = make_path_set(0.02, growth=0.5).laws[HORIZONS[-1]]
    assert risk(wild, level=0.95, is_long=False).expected_shortfall_share == math.inf
    assert risk(wild, level=0.95, is_long=True).expected_shortfall_share < 1


@few
@given(sets)
def test_the_same_forecast_gives_the_same_bits(make_path_set: Make, chosen: dict):
    one, other = make_path_set(**chosen), make_path_set(**chosen)
    assert np.array_equal(one.highs, other.highs)
    assert np.array_equal(one.lows, other.lows)


@few
@given(st.floats(0.0003, 0.003), st.floats(0, 0.1), spans, st.integers(0, 2**40))
def test_mirrored_paths_answer_alike_on_both_sides(make_path_set: Make, spread: float, distance: float, seconds: int, seed: int):
    paths = make_path_set(spread, seed=seed)
    assert paths.is_mirrored
    up, down = (touch(paths, side * distance, seconds=seconds) for side in (1, -1))
    assert up.probability == pytest.approx(down.probability, abs=1e-5)
    assert up.standard_error == down.standard_error


@few
@given(sets, st.sampled_from(HORIZONS), st.lists(levels, min_size=1, max_size=6))
def test_many_levels_at_once_equal_one_by_one(make_path_set: Make, chosen: dict, horizon: Horizon, several: list):
    paths = make_path_set(**chosen)
    expected = [touch(paths, level, seconds=horizon.seconds).probability for level in several]
    assert touch_many(paths, np.array(several), horizon) == pytest.approx(expected, abs=1e-9)
