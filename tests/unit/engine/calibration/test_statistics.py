from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcforecast.core import Horizon
from btcforecast.engine.calibration.drift import pit_distance, stability_index
from btcforecast.engine.calibration.gate import H1, H4
from btcforecast.engine.calibration.measures import newest_spike
from btcforecast.engine.calibration.statistics import Settled, held, paired_with

START, HOUR = 1_764_547_200, 3600


def settled(n: int, *, every_s: int = HOUR, seed: int = 1, horizon: Horizon = H1) -> Settled:
    rng = np.random.default_rng(seed)
    return Settled(horizon, START + every_s * np.arange(n), rng.uniform(10, 30, n), rng.uniform(0, 1, n))


def test_a_window_holds_the_forecasts_whose_targets_fell_due_in_it():
    found = settled(10).due_in(START + 3 * HOUR, START + 5 * HOUR)
    assert found.as_of.tolist() == [START + 3 * HOUR, START + 4 * HOUR]


def test_overlapping_forecasts_count_once_for_each_stretch_of_the_horizon():
    assert settled(48, horizon=H4).n_stretches == 12
    assert settled(48, horizon=H4, every_s=300).n_stretches == 1
    assert settled(48, horizon=H1, every_s=4 * HOUR).n_stretches == 48


def test_only_forecasts_that_both_made_are_paired():
    mine, theirs = paired_with(settled(10), settled(5, every_s=2 * HOUR))
    assert mine.as_of.tolist() == theirs.as_of.tolist() == [START + 2 * HOUR * i for i in range(5)]


@given(st.integers(1, 60), st.integers(1, 30), st.integers(0, 40), st.integers(0, 2**31))
def test_rolling_coverages_are_those_of_each_window_taken_by_itself(n: int, window_h: int, span_h: int, seed: int):
    found, until = settled(n, seed=seed), START + n * HOUR
    ends = [at for at in (found.as_of + HOUR).tolist() if until - span_h * HOUR <= at <= until] + [until]
    windows = [found.due_in(end - window_h * HOUR, end) for end in ends]
    slow = [100 * held(window.pit, 90).mean() for window in windows if len(window.pit)]
    assert found.coverages(90, window_s=window_h * HOUR, since=until - span_h * HOUR, until=until) == pytest.approx(slow)


def test_the_distance_of_pit_values_is_that_of_kolmogorov_and_smirnov():
    from scipy.stats import kstest

    pit = np.random.default_rng(3).beta(2, 3, 200)
    assert pit_distance(pit) == pytest.approx(kstest(pit, "uniform").statistic)
    assert pit_distance(np.empty(0)) is None


def test_the_stability_index_is_zero_for_the_same_law_and_large_for_another():
    rng = np.random.default_rng(4)
    one, same, other = rng.exponential(1, 20_000), rng.exponential(1, 20_000), rng.exponential(2, 20_000)
    assert stability_index(one, one) == 0
    assert stability_index(one, same) < 0.01
    assert stability_index(one, other) > 0.25


def test_a_spike_is_measured_against_the_median_of_the_week_before_it():
    from btcforecast.core import Candles

    close = 100 * np.exp(np.cumsum(np.tile([0.001, -0.001], 200)))
    opened_at = START + 300 * np.arange(400)
    rows = (close, close, close, close, np.ones(400))
    assert newest_spike(Candles(opened_at, *rows)) == pytest.approx(1.0)
    close[-1] = close[-2] * np.exp(0.06)
    assert newest_spike(Candles(opened_at, *rows)) == pytest.approx(60.0)
    assert newest_spike(Candles(opened_at, *rows)[-100:]) is None
