from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from btcforecast.core import Candles
from btcforecast.core.errors import InputError
from btcforecast.market.simulated import ANCHOR_AT, SimulatedMarket
from btcforecast.market.simulated.season import new_york_offset_hours

DAY = 86400
YEAR = SimulatedMarket(seed=4).candles(ANCHOR_AT, ANCHOR_AT + 364 * DAY)
RETURNS = np.diff(np.log(YEAR.close))


def autocorrelation(values: np.ndarray, lag: int) -> float:
    return float(np.corrcoef(values[lag:], values[:-lag])[0, 1])


def kurtosis(values: np.ndarray) -> float:
    return float(np.mean((values - values.mean()) ** 4) / np.var(values) ** 2)


def test_there_is_a_candle_at_every_step_of_the_span():
    assert len(YEAR) == 364 * 288
    assert len(YEAR.missing()) == 0
    assert len(SimulatedMarket(4).candles(ANCHOR_AT + 1, ANCHOR_AT + 300)) == 0
    assert len(SimulatedMarket(4).candles(ANCHOR_AT + 600, ANCHOR_AT)) == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 5 * DAY), st.integers(1, 2 * DAY))
def test_any_span_gives_the_same_candles_as_any_other_that_holds_it(offset: int, width: int):
    start = ANCHOR_AT + offset
    alone = SimulatedMarket(seed=4).candles(start, start + width)
    assert alone.digest() == cut(YEAR, start, start + width).digest()


def cut(candles: Candles, opened_from: int, opened_before: int) -> Candles:
    return candles.since(opened_from).up_to(opened_before + 299)


def test_another_seed_is_another_market():
    other = SimulatedMarket(seed=5).candles(ANCHOR_AT, ANCHOR_AT + DAY)
    assert other.digest() != YEAR[:288].digest()


def test_asking_in_another_order_changes_nothing():
    market = SimulatedMarket(seed=4)
    late = market.price_at((ANCHOR_AT + 9 * DAY) * 1000)
    for day in range(8, -1, -1):
        market.price_at((ANCHOR_AT + day * DAY) * 1000)
    assert market.price_at((ANCHOR_AT + 9 * DAY) * 1000) == late
    assert market.candles(ANCHOR_AT, ANCHOR_AT + DAY).digest() == YEAR[:288].digest()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 363 * 288))
def test_prices_within_a_candle_are_its_own(step: int):
    market, opened_at = SHARED, ANCHOR_AT + 300 * step
    ticks = [market.price_at(1000 * opened_at + 5000 * tick) for tick in range(60)]
    assert ticks[0] == YEAR.open[step]
    assert ticks[-1] == YEAR.close[step] == market.price_at(1000 * (opened_at + 300) - 1)
    assert max(ticks) == YEAR.high[step]
    assert min(ticks) == YEAR.low[step]


SHARED = SimulatedMarket(seed=4)


def test_a_candle_opens_near_where_the_last_one_closed():
    step = np.abs(np.log(YEAR.open[1:] / YEAR.close[:-1]))
    assert np.median(step) < 0.25 * np.median(np.abs(RETURNS))
    assert np.quantile(step, 0.999) < np.quantile(np.abs(RETURNS), 0.999)


def test_volatility_is_that_of_bitcoin():
    assert 0.3 < np.std(RETURNS) * np.sqrt(365 * 288) < 0.75
    assert 20_000 < YEAR.low.min() < YEAR.high.max() < 300_000


def test_tails_are_fat_and_thin_out_over_a_day():
    daily = RETURNS[: len(RETURNS) // 288 * 288].reshape(-1, 288).sum(axis=1)
    assert kurtosis(RETURNS) > 10
    assert 3 < kurtosis(daily) < kurtosis(RETURNS)


def test_returns_do_not_tell_the_next_but_their_size_does_for_days():
    size = np.abs(RETURNS)
    assert all(abs(autocorrelation(RETURNS, lag)) < 0.02 for lag in (1, 2, 12, 288))
    assert autocorrelation(size, 1) > 0.15
    assert autocorrelation(size, 288) > 0.04
    assert autocorrelation(size, 7 * 288) > 0.03


def test_new_york_mornings_are_lively_and_weekends_calm():
    size = np.abs(RETURNS)
    at = YEAR.opened_at[1:]
    weekday = (at // DAY + 3) % 7 < 5
    hour = at % DAY // 3600
    morning = size[weekday & (hour == 15)].mean()
    assert morning > 1.5 * size[weekday & (hour == 5)].mean()
    assert size[weekday].mean() > 1.3 * size[~weekday].mean()


def test_volume_goes_with_the_size_of_the_move():
    assert np.corrcoef(np.abs(RETURNS), YEAR.volume[1:])[0, 1] > 0.3
    assert YEAR.volume.min() > 0


def test_there_is_no_drift_within_a_day():
    means = []
    for seed in range(30):
        candles = SimulatedMarket(seed).candles(ANCHOR_AT, ANCHOR_AT + 28 * DAY)
        means.append(np.mean(np.diff(np.log(candles.close[::288]))))
    assert abs(np.mean(means)) < 3 * np.std(means) / np.sqrt(len(means))


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2025, 3, 8), -5),
        (date(2025, 3, 9), -4),
        (date(2025, 11, 1), -4),
        (date(2025, 11, 2), -5),
        (date(2026, 7, 1), -4),
        (date(2027, 3, 14), -4),
    ],
)
def test_new_york_changes_its_clocks_by_the_rule(day: date, hours: int):
    assert new_york_offset_hours(day) == hours


@pytest.mark.parametrize("at", [ANCHOR_AT - 300, ANCHOR_AT + 40 * 365 * DAY])
def test_what_lies_outside_is_refused_with_the_bounds(at: int):
    with pytest.raises(InputError, match="reaches from 2023-01-01"):
        SimulatedMarket(1).candles(at, at + 300)
    with pytest.raises(InputError, match="reaches from 2023-01-01"):
        SimulatedMarket(1).price_at(at * 1000)


def test_a_negative_seed_is_refused():
    with pytest.raises(InputError, match="from 0 up"):
        SimulatedMarket(-1)
