"""A history relative to its season: causal, cuttable, and free of the season."""

from __future__ import annotations

import numpy as np
import pytest

from btcforecast.core import NO_EVENTS, Calendar, Candles, ScheduledEvent
from btcforecast.engine.features.deseasonalised import Deseasonalised
from btcforecast.engine.features.events import EventEffect
from btcforecast.engine.features.multiscale import MultiScale, features_of, means_at
from btcforecast.engine.features.season import Season

BEGIN = 1_704_067_200
DAY = 288


def candles_of(returns: np.ndarray, *, begin: int = BEGIN) -> Candles:
    opened_at = begin + 300 * np.arange(len(returns), dtype=np.int64)
    close = 100 * np.exp(np.cumsum(returns))
    start = np.concatenate(([100.0], close[:-1]))
    return Candles(
        opened_at, start, np.maximum(start, close) * 1.0001, np.minimum(start, close) / 1.0001, close, np.ones(len(returns))
    )


def seasonal(n_days: int, *, seed: int = 1) -> Candles:
    """Returns three times as large in one half of each day."""
    rng = np.random.default_rng(seed)
    returns = 1e-3 * rng.standard_normal(n_days * DAY)
    returns[np.arange(len(returns)) % DAY < DAY // 2] *= 3
    return candles_of(returns)


def test_the_season_is_divided_out():
    past = Deseasonalised.of(seasonal(120))
    late = past.size[-28 * DAY :].reshape(-1, DAY)
    busy, calm = late[:, : DAY // 2].mean(), late[:, DAY // 2 :].mean()
    # The season is three to one by UTC; New York's clocks changed on the way, which blurs an hour of it.
    assert busy / calm == pytest.approx(1, abs=0.25)


def test_a_cut_equals_the_history_cut_there():
    history = seasonal(100)
    whole, until = Deseasonalised.of(history), int(history.closed_at[70 * DAY + 5])
    cut, short = whole.up_to(until), Deseasonalised.of(history.up_to(until))
    rows = np.arange(30 * DAY, 69 * DAY, 97)
    for name in ("size", "span", "signed", "relative"):
        assert np.array_equal(getattr(cut, name), getattr(short, name)), name
    assert np.array_equal(cut.profile(), short.profile())
    for n_steps in (1, 12, DAY, 40 * DAY):
        assert np.array_equal(cut.mean_size_ahead(rows, 0, n_steps), short.mean_size_ahead(rows, 0, n_steps), equal_nan=True)
        assert np.array_equal(cut.squares_ahead(rows, n_steps), short.squares_ahead(rows, n_steps))


def test_what_lies_ahead_is_the_plain_mean_of_what_came():
    past = Deseasonalised.of(seasonal(60))
    row = 40 * DAY
    assert past.mean_size_ahead(np.array([row]), 2, 6)[0] == pytest.approx(past.size[row + 3 : row + 7].mean())
    assert np.isnan(past.mean_size_ahead(np.array([len(past.size) - 3]), 0, 12)[0])


def test_carried_means_equal_the_computed_ones():
    past = Deseasonalised.of(seasonal(60))
    rows = np.array([50 * DAY, 55 * DAY])
    means = means_at(past, rows)
    state = MultiScale.after(past.up_to(int(past.history.closed_at[rows[1]])), int(rows[0]), means[0])
    assert np.allclose(state.features(), features_of(means[1]), rtol=1e-9, atol=1e-12)


def weekly_shocks(n_weeks: int, factor: float) -> tuple[Candles, Calendar]:
    """Calm noise with every second Wednesday 13:30 UTC livelier for ten minutes."""
    rng = np.random.default_rng(3)
    returns = 1e-3 * rng.standard_normal(n_weeks * 7 * DAY)
    first = 2 * DAY + 13 * 12 + 6
    places = np.arange(first, len(returns), 14 * DAY)
    for place in places:
        returns[place : place + 2] *= factor
    events = [ScheduledEvent(BEGIN + 300 * int(place), "release") for place in places]
    return candles_of(returns), Calendar.of(events)


def test_events_are_learned_about_in_size_and_length():
    history, calendar = weekly_shocks(40, 6.0)
    effect = Deseasonalised.of(history, calendar=calendar).effect
    assert effect.multipliers.shape == (1, 24)
    # Three events without effect are believed in beside the twenty seen.
    assert np.all(effect.multipliers[0, :2] > 3.5)
    assert np.all(np.abs(effect.multipliers[0, 4:] - 1) < 0.6)


def test_an_event_ahead_adds_to_the_squares_and_to_its_candles_only():
    history, calendar = weekly_shocks(40, 6.0)
    past = Deseasonalised.of(history, calendar=calendar)
    season = Season(past.profile(), past.effect)
    as_of = history.as_of
    event = ScheduledEvent(as_of + 3600, "release")
    plain = season.squares_ahead(as_of, np.array([12.0, 36.0]))
    season.schedule(Calendar.of([event]))
    told, ahead = season.squares_ahead(as_of, np.array([12.0, 36.0])), season.ahead(as_of, 36)
    season.schedule(NO_EVENTS)
    usual = season.ahead(as_of, 36)
    assert told[0] == pytest.approx(plain[0])
    assert told[1] > 1.5 * plain[1]
    assert told[1] == pytest.approx((ahead**2).sum())
    assert np.array_equal(ahead[:12], usual[:12])
    assert np.all(ahead[12:14] > 3 * usual[12:14])


def test_kinds_never_seen_change_nothing():
    effect = EventEffect.none().told(Calendar.of([ScheduledEvent(BEGIN, "unheard_of")]))
    assert np.array_equal(effect.at(np.array([BEGIN])), [1.0])


def test_of_two_events_at_once_the_stronger_counts():
    history, calendar = weekly_shocks(30, 6.0)
    twice = Calendar.of([*calendar.events, *(ScheduledEvent(event.at, "echo") for event in calendar.events)])
    one, two = (EventEffect.fit(known, history.opened_at, np.ones(len(history))) for known in (calendar, twice))
    at = np.array([calendar.events[-1].at])
    assert one.at(at) == pytest.approx(two.at(at))
