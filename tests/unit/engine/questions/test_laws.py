"""Probabilities from laws, for any law and any instant."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from btcforecast.core import HORIZONS, LEVELS, Distribution
from btcforecast.engine.questions import law_at, probability_above, probability_between, probability_beyond
from btcforecast.engine.questions.laws import most_beyond

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


@settings(max_examples=40, deadline=None)
@given(scales, shifts, st.floats(-0.3, 0.3), st.integers(300, 30 * 86400))
def test_the_most_beyond_up_to_an_instant_is_that_of_no_instant_before_it_exceeded(
    spreads: list[float], shift: float, level: float, end: int
):
    found = laws(spreads, shift)
    (most,) = most_beyond(found, level, np.array([float(end)]))
    for seconds in np.unique(np.linspace(1, end, 60).astype(int)).tolist():
        assert probability_beyond(law_at(found, seconds)[0], level) <= most + 1e-9
