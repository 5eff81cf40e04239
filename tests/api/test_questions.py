"""The numbers behind questions, for any law and any instant."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from btcforecast.api.answers.questions import law_at, probability_above, probability_between, touch
from btcforecast.core import HORIZONS, LEVELS, Distribution

scales = st.lists(st.floats(0.0005, 0.2), min_size=len(HORIZONS), max_size=len(HORIZONS)).map(sorted)
shifts = st.floats(-0.02, 0.02)


def laws(spreads: list[float], shift: float) -> dict[object, Distribution]:
    logits = np.log(LEVELS / (1 - LEVELS))
    return {
        horizon: Distribution(shift * math.sqrt(horizon.seconds / 86400) + spread * logits)
        for horizon, spread in zip(HORIZONS, spreads, strict=True)
    }


@settings(max_examples=60, deadline=None)
@given(scales, shifts, st.integers(1, 30 * 86400), st.floats(-0.3, 0.3), st.floats(0.0001, 0.3))
def test_answers_at_any_instant_are_those_of_one_law(
    spreads: list[float], shift: float, seconds: int, level: float, width: float
):
    law, is_interpolated = law_at(laws(spreads, shift), seconds)
    assert is_interpolated == (seconds not in {horizon.seconds for horizon in HORIZONS})
    above, higher = probability_above(law, level), probability_above(law, level + width)
    assert 0 <= higher <= above <= 1
    assert math.isclose(probability_between(law, level, level + width), above - higher, abs_tol=1e-9)


@settings(max_examples=40, deadline=None)
@given(scales, shifts, st.sampled_from(HORIZONS))
def test_nothing_jumps_at_a_published_horizon(spreads: list[float], shift: float, horizon: object):
    found = laws(spreads, shift)
    exact, _ = law_at(found, horizon.seconds)
    for seconds in {max(1, horizon.seconds - 1), min(30 * 86400, horizon.seconds + 1)}:
        near, _ = law_at(found, seconds)
        widest = np.abs(found[HORIZONS[-1]].quantiles).max()
        assert np.abs(near.quantiles - exact.quantiles).max() <= widest / 60


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.floats(-0.03, 0.03), st.integers(300, 86400))
def test_touching_is_what_a_slow_count_finds(seed: int, level: float, seconds: int):
    steps = np.random.default_rng(seed).normal(0, 0.002, (50, 288))
    returns = np.c_[np.zeros(50), np.cumsum(steps, axis=1)].astype(np.float32)
    touched = 0
    for path in returns:
        walked = [float(value) for value in path[: seconds // 300 + 1]]
        touched += any(value >= level if level >= 0 else value <= level for value in walked)
    found = touch(returns, level, seconds=seconds)
    assert found.probability == touched / 50
    assert 0 < found.standard_error < 0.08
