"""The fixed set: what is asked, what models say, what came true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcforecast.core import LEVELS, Distribution, Horizon
from btcforecast.core.distribution import logit
from btcforecast.forecasts.questions import fixed

ABOVE, BETWEEN, TOUCH = (fixed.PLACES[kind] for kind in fixed.Kind)
horizons = st.sampled_from(list(fixed.DISTANCES_PERCENT))


@given(horizons, st.floats(0.0005, 0.05), st.floats(-0.01, 0.01))
def test_what_models_say_does_not_contradict_itself(horizon: Horizon, spread: float, shift: float):
    law = Distribution(shift + spread * logit(LEVELS))
    found = fixed.law_probabilities(law, horizon)
    above, between = found[ABOVE], found[BETWEEN]
    assert list(above) == sorted(above, reverse=True)
    assert list(between) == sorted(between)
    assert between == pytest.approx(above[[2, 1, 0]] - above[[3, 4, 5]], abs=2e-6)
    touched = fixed.reflected_touch(law, horizon)
    assert np.all(touched >= fixed.beyond(law, horizon) - 1e-6)
    assert np.all((touched >= 0) & (touched <= 1))


@given(horizons, st.floats(80, 120), st.floats(0, 20), st.floats(0, 20))
def test_outcomes_are_those_that_the_prices_give(horizon: Horizon, close: float, up: float, down: float):
    high, low = max(close, 100) + up, min(close, 100) - down
    found = fixed.outcomes(horizon, spot=100.0, close=close, high=high, low=low, has_touch=True)
    distances = fixed.DISTANCES_PERCENT[horizon]
    signed = [-distance for distance in reversed(distances)] + list(distances)
    levels = [100.0 * (1 + distance / 100) for distance in signed]
    assert found[ABOVE].tolist() == [close > level for level in levels]
    assert found[BETWEEN].tolist() == [
        100.0 * (1 - distance / 100) < close <= 100.0 * (1 + distance / 100) for distance in distances
    ]
    assert found[TOUCH].tolist() == [low <= level if level < 100 else high >= level for level in levels]


def test_what_cannot_be_told_is_void_by_kind():
    horizon = Horizon.parse("1h")
    found = fixed.outcomes(horizon, spot=100.0, close=100.3, high=None, low=None, has_touch=True)
    assert fixed.brier(np.full(15, 0.5), found) == {fixed.Kind.ABOVE: 0.25, fixed.Kind.BETWEEN: 0.25}
    none = fixed.outcomes(horizon, spot=100.0, close=None, high=None, low=None, has_touch=False)
    assert fixed.brier(np.full(9, 0.5), none) == {}


def test_touching_is_asked_twice_a_day():
    midnight = 1_764_547_200
    assert [hour for hour in range(24) if fixed.asks_touch(midnight + 3600 * hour)] == [0, 12]
