"""How lively the market is through the New York week."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from btcforecast.core import Floats

STEPS_PER_DAY: Final = 288
_EPOCH: Final = date(1970, 1, 1)

# Mean |return| of a five-minute candle by hour in New York, relative to its mean over the week: Binance BTC/USDT, 2023 to 2025.
_WEEKDAY: Final = np.array([
    0.80, 0.82, 0.86, 0.92, 0.94, 0.87, 0.88, 0.95, 1.19, 1.64, 1.83, 1.55,
    1.42, 1.34, 1.30, 1.34, 1.17, 1.16, 0.95, 0.94, 1.07, 1.03, 0.89, 0.79,
])  # fmt: skip
_WEEKEND: Final = np.array([
    0.55, 0.54, 0.53, 0.58, 0.60, 0.58, 0.56, 0.61, 0.65, 0.75, 0.78, 0.80,
    0.79, 0.75, 0.72, 0.71, 0.76, 0.87, 0.92, 0.89, 1.01, 0.96, 0.81, 0.73,
])  # fmt: skip
# Scales are compared by their squares: that of the whole week is one.
_ROOT_MEAN_SQUARE: Final = float(np.sqrt((5 * np.mean(_WEEKDAY**2) + 2 * np.mean(_WEEKEND**2)) / 7))


def season(day: int) -> Floats:
    """Return the relative volatility of each five-minute step of a day, counted from 1970-01-01 UTC."""
    started = _EPOCH + timedelta(days=day)
    at = day * 86400 + 300 * np.arange(STEPS_PER_DAY) + 3600 * new_york_offset_hours(started)
    local_day, hour = at // 86400, (at % 86400) // 3600
    # 1970-01-01 was a Thursday, the fourth day of the week when Monday is the first.
    is_weekend = (local_day + 3) % 7 >= 5
    return np.where(is_weekend, _WEEKEND[hour], _WEEKDAY[hour]) / _ROOT_MEAN_SQUARE


def new_york_offset_hours(day: date) -> int:
    """Return New York's hours behind UTC at noon of the day, by the rule in force since 2007.

    Reckoned here because small systems have no time zone database; clocks change on the second Sunday of March and the
    first of November.
    """
    summer_from = _sunday(day.year, 3, nth=2)
    summer_before = _sunday(day.year, 11, nth=1)
    return -4 if summer_from <= day < summer_before else -5


def _sunday(year: int, month: int, *, nth: int) -> date:
    first = datetime(year, month, 1, tzinfo=UTC).date()
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (nth - 1))
