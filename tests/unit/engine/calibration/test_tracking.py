"""Online recalibration: it holds its coverage whatever the law, learns only from the past, and survives a restart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtrit

from btcforecast.core import LEVELS
from btcforecast.engine.calibration.tracking import Tracking

HOUR = 3600
UPPER = LEVELS[len(LEVELS) // 2 + 1 :]
SHAPE = stdtrit(5, UPPER)


def run(returns: np.ndarray, width: float) -> tuple[Tracking, np.ndarray]:
    """Walk through hourly returns with laws of one width; return the tracking and how often each level held, over the second half."""
    closes = 100 * np.exp(np.concatenate(([0.0], np.cumsum(returns))))
    log_widths = np.log(width * np.array([0.3, 0.7, 1.0, 2.0])[:, None] * SHAPE)
    tracking, held = Tracking.fresh(), []
    for i, close in enumerate(closes.tolist()):
        tracking.settle(i * HOUR, close)
        published = np.exp(tracking.apply(log_widths))
        tracking.note(i * HOUR, close, log_widths)
        if i < len(returns):
            held.append(abs(returns[i]) <= published[2])
    return tracking, np.mean(held[len(held) // 2 :], axis=0)


@pytest.mark.parametrize("wrong_by", [0.7, 1.0, 1.4])
def test_a_law_of_the_wrong_width_comes_to_hold_what_it_says(wrong_by: float):
    returns = 0.004 * np.random.default_rng(1).standard_t(5, 12_000)
    _, held = run(returns, 0.004 * wrong_by)
    for coverage in (0.5, 0.8, 0.9, 0.95):
        level = int(np.argmin(np.abs(2 * UPPER - 1 - coverage)))
        assert held[level] == pytest.approx(2 * UPPER[level] - 1, abs=0.015)


def test_nothing_moves_before_an_outcome_has_closed():
    tracking = Tracking.fresh()
    log_widths = np.log(np.array([0.3, 0.7, 1.0, 2.0])[:, None] * SHAPE)
    tracking.note(0, 100.0, log_widths)
    tracking.settle(2 * HOUR, 150.0)
    assert not tracking.factors.any()
    tracking.settle(HOUR, 150.0)
    assert tracking.factors[2].any()
    assert not tracking.factors[[0, 1, 3]].any()
    tracking.settle(4 * HOUR, 150.0)
    assert tracking.factors[3].any()
    tracking.settle(300, 150.0)
    assert tracking.factors[0].any()
    assert not tracking.factors[1].any()
    tracking.settle(1800, 150.0)
    assert tracking.factors[1].any()


def test_a_missing_outcome_teaches_nothing_and_delays_nothing():
    log_widths = np.log(np.array([0.3, 0.7, 1.0, 2.0])[:, None] * SHAPE)
    tracking = Tracking.fresh()
    tracking.note(0, 100.0, log_widths)
    tracking.note(2 * HOUR, 100.0, log_widths)
    tracking.settle(3 * HOUR, 100.0)
    first = tracking.factors[2].copy()
    assert np.all(first < 0)


def test_no_move_at_all_narrows():
    tracking, _ = run(np.zeros(200), 0.004)
    assert np.all(tracking.factors[2] < 0)
    assert np.all(np.isfinite(tracking.factors))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-0.2, 0.2), min_size=10, max_size=60), st.integers(5, 9))
def test_quantiles_stay_in_order_and_the_state_goes_on(returns: list[float], cut: int):
    closes = 100 * np.exp(np.cumsum(returns))
    log_widths = np.log(np.array([0.001, 0.002, 0.003, 0.006])[:, None] * SHAPE)
    whole, first = Tracking.fresh(), Tracking.fresh()
    for i, close in enumerate(closes.tolist()):
        if i == cut:
            first = Tracking.from_state({name: array.copy() for name, array in first.state().items()})
        for tracking in (whole, first):
            tracking.settle(i * HOUR, close)
            tracking.note(i * HOUR, close, log_widths)
    assert np.all(np.diff(whole.apply(log_widths), axis=1) > 0)
    assert np.array_equal(whole.factors, first.factors)
    assert whole.largest <= 1.0
