from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from btcforecast.engine.features.week import BINS_PER_WEEK, WeekTable, smooth_profile, week_bin, week_bins, week_numbers

NEW_YORK = ZoneInfo("America/New_York")


def slow_bin(opened_at: int) -> int:
    """The wall clock of the time zone tables."""
    local = datetime.fromtimestamp(opened_at, UTC).astimezone(NEW_YORK)
    return (local.weekday() * 1440 + local.hour * 60 + local.minute) // 5


@settings(deadline=None)
@given(
    st.integers(
        int(datetime(2010, 1, 1, tzinfo=UTC).timestamp()) // 300, int(datetime(2036, 1, 1, tzinfo=UTC).timestamp()) // 300
    )
)
def test_bins_follow_the_wall_clock_of_new_york(candle: int):
    assert int(week_bins(np.array([candle * 300]))[0]) == slow_bin(candle * 300)
    assert week_bin(candle * 300) == slow_bin(candle * 300)


def test_bins_are_right_around_every_change_of_the_clocks_of_2025():
    for day in ("2025-03-09", "2025-11-02"):
        begin = int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp())
        opened_at = begin + 300 * np.arange(288)
        assert list(week_bins(opened_at)) == [slow_bin(int(at)) for at in opened_at]


def test_the_week_number_changes_where_the_bins_begin_anew():
    opened_at = 1_740_000_000 + 300 * np.arange(3 * BINS_PER_WEEK)
    is_new = np.diff(week_numbers(opened_at)) == 1
    assert np.array_equal(is_new, week_bins(opened_at)[1:] == 0)


def test_a_profile_finds_the_lively_hour_and_has_mean_one():
    opened_at = 1_736_140_800 + 300 * np.arange(30 * BINS_PER_WEEK)
    bins = week_bins(opened_at)
    relative = np.where(bins % 288 // 12 == 10, 2.0, 1.0)
    profile = WeekTable(opened_at, relative).profile(30)
    assert np.isclose(profile.mean(), 1)
    assert np.isclose(profile[10 * 12 + 6] / profile[6 * 12], 2, rtol=0.02)


def test_a_profile_knows_only_the_weeks_asked_for():
    opened_at = 1_736_140_800 + 300 * np.arange(10 * BINS_PER_WEEK)
    relative = np.random.default_rng(1).gamma(2, 0.5, len(opened_at))
    changed = np.where(week_numbers(opened_at) - week_numbers(opened_at)[0] >= 6, 9.0, relative)
    assert np.array_equal(WeekTable(opened_at, relative).profile(6), WeekTable(opened_at, changed).profile(6))


def test_bins_never_seen_take_the_mean():
    assert np.allclose(smooth_profile(np.zeros(BINS_PER_WEEK), np.zeros(BINS_PER_WEEK)), 1)
