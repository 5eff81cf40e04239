"""The shape of the trading week: which part of the New York week a candle falls in, and how lively that part usually is.

Activity in Bitcoin follows people, and the liveliest of them follow the clock of New York, daylight saving included.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from btcforecast.core import Floats, Ints

BINS_PER_DAY: Final = 288
BINS_PER_WEEK: Final = 7 * BINS_PER_DAY
_WEEKEND: Final = slice(5 * BINS_PER_DAY, BINS_PER_WEEK)

_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2100

HALF_LIFE_WEEKS: Final = 13.0
WINDOW_WEEKS: Final = 104
_CAP: Final = 15.0
"""No candle counts for more than this many times the usual absolute return."""


def _daylight_saving() -> Ints:
    """Return the instants between which New York keeps daylight saving time, begin and end by turns.

    Second Sunday of March 2:00 to first Sunday of November 2:00, local time (Energy Policy Act of 2005, in force since 2007; earlier years
    are before any Bitcoin trade). Computed, not looked up, so that a forecast does not depend on the machine's time zone tables.
    """
    instants = []
    for year in range(_FIRST_YEAR, _LAST_YEAR):
        for month, week, hour_utc in ((3, 2, 7), (11, 1, 6)):
            first = int(np.datetime64(f"{year}-{month:02d}-01", "D").astype(np.int64))
            # Day 0 of the epoch was a Thursday, so a Sunday is 3 modulo 7.
            sunday = first + (3 - first) % 7 + 7 * (week - 1)
            instants.append(sunday * 86400 + hour_utc * 3600)
    return np.array(instants, np.int64)


_CHANGES: Final = _daylight_saving()
_CHANGES_IN_ORDER: Final = _CHANGES.tolist()


def new_york(at: Ints) -> Ints:
    """Return the seconds that a New York wall clock would count, for Unix seconds."""
    is_summer = _CHANGES.searchsorted(at, side="right") % 2
    return np.asarray(at + 3600 * (is_summer - 5))


def week_bins(opened_at: Ints) -> Ints:
    """Return which of the 2,016 five-minute bins of the New York week each candle falls in; bin 0 begins on Monday 0:00."""
    # The epoch began on a Thursday, three days after a Monday.
    return np.asarray((new_york(opened_at) // 300 + 3 * BINS_PER_DAY) % BINS_PER_WEEK)


def week_bin(opened_at: int) -> int:
    """Return the bin of one candle; for what comes candle by candle, where arrays of one number cost twenty times as much."""
    is_summer = bisect_right(_CHANGES_IN_ORDER, opened_at) % 2
    return ((opened_at + 3600 * (is_summer - 5)) // 300 + 3 * BINS_PER_DAY) % BINS_PER_WEEK


def week_numbers(opened_at: Ints) -> Ints:
    """Return the New York week of each candle, counted from the epoch."""
    return np.asarray((new_york(opened_at) // 300 + 3 * BINS_PER_DAY) // BINS_PER_WEEK)


class WeekTable:
    """Relative absolute returns laid out by week and bin, from which the profile known at any past week is computed."""

    def __init__(self, opened_at: Ints, relative: Floats) -> None:
        weeks = week_numbers(opened_at)
        self.first_week = int(weeks[0])
        self.n_weeks = int(weeks[-1]) - self.first_week + 1
        cells = (weeks - self.first_week, week_bins(opened_at))
        self._value = np.zeros((self.n_weeks, BINS_PER_WEEK))
        self._is_known = np.zeros((self.n_weeks, BINS_PER_WEEK))
        # In the hour that autumn repeats, the later candle stands.
        self._value[cells] = np.minimum(relative, _CAP)
        self._is_known[cells] = 1.0

    def profile(self, n_weeks: int) -> Floats:
        """Return the profile as it was known after the first `n_weeks` weeks, shape (2016,), mean 1."""
        begin = max(0, n_weeks - WINDOW_WEEKS)
        weight = 0.5 ** (np.arange(n_weeks - begin, 0, -1) / HALF_LIFE_WEEKS)
        return smooth_profile(weight @ self._value[begin:n_weeks], weight @ self._is_known[begin:n_weeks])


def smooth_profile(total: Floats, weight: Floats) -> Floats:
    """Return a smooth profile from weighted sums by week bin: a weekday and a weekend curve times each bin's own residual, mean 1."""
    mean_all = total.sum() / max(weight.sum(), 1e-12)
    known = weight > 0
    by_bin = np.where(known, total / np.where(known, weight, 1.0), mean_all)
    curves = np.empty(BINS_PER_WEEK)
    for days, smoothing in ((slice(0, 5 * BINS_PER_DAY), 0.7), (_WEEKEND, 1.4)):
        shape = (-1, BINS_PER_DAY)
        day_total, day_weight = total[days].reshape(shape).sum(0), weight[days].reshape(shape).sum(0)
        curve = np.where(day_weight > 0, day_total / np.where(day_weight > 0, day_weight, 1.0), mean_all)
        smooth = np.exp(gaussian_filter1d(np.log(np.maximum(curve, _floor(mean_all))), smoothing, mode="wrap"))
        curves[days] = np.tile(smooth, (days.stop - days.start) // BINS_PER_DAY)
    residual = np.log(np.maximum(by_bin, _floor(mean_all)) / curves)
    profile = curves * np.exp(0.8 * gaussian_filter1d(residual, 12.0, mode="wrap"))
    return np.asarray(profile / profile.mean())


def _floor(mean: float) -> float:
    """Return what a bin counts for at least: a market that stood still there is quiet, not dead."""
    return max(0.02 * mean, 1e-9)
