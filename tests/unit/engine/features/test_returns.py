from __future__ import annotations

import numpy as np

from btcforecast.core import Candles
from btcforecast.engine.features.returns import horizon_returns, hourly_rows, step_returns


def candles_at(steps: list[int], close: list[float], start: list[float]) -> Candles:
    opened_at = 300 * np.array(steps, np.int64)
    return Candles(opened_at, start, np.maximum(start, close), np.minimum(start, close), close, np.ones(len(steps)))


def test_a_return_runs_from_the_close_before():
    found = step_returns(candles_at([0, 1, 2], [110.0, 121.0, 121.0], [100.0, 111.0, 120.0]))
    assert np.allclose(found, np.log([1.1, 1.1, 1.0]))


def test_after_a_gap_a_return_runs_from_the_candles_own_open():
    found = step_returns(candles_at([0, 5], [100.0, 202.0], [100.0, 200.0]))
    assert np.allclose(found[1], np.log(1.01))


def test_the_first_return_goes_on_from_what_was_seen_only_when_adjacent():
    candles = candles_at([10], [105.0], [104.0])
    assert np.allclose(step_returns(candles, before=(3000, 100.0)), np.log(1.05))
    assert np.allclose(step_returns(candles, before=(2700, 100.0)), np.log(105 / 104))


def test_a_horizon_that_ends_in_a_gap_has_no_return():
    candles = candles_at([0, 1, 3], [100.0, 101.0, 103.0], [100.0, 100.0, 102.0])
    found = horizon_returns(candles, np.array([0, 1]), 600)
    assert np.isnan(found[0])
    assert np.allclose(found[1], np.log(103 / 101))


def test_origins_close_on_the_hour():
    candles = candles_at(list(range(40)), [100.0] * 40, [100.0] * 40)
    assert list(candles.closed_at[hourly_rows(candles, since=3601)] // 3600) == [2, 3]
    assert list(candles.closed_at[hourly_rows(candles, since=0, every_hours=2)] // 3600) == [2]
