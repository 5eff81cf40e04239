"""How volatile the market was when each forecast was made, compared with the year before it; everything is known at the origin."""

from __future__ import annotations

from typing import Final

import numpy as np

from btcforecast.core import Candles, Floats, Horizon, Ints
from btcforecast.engine.backtest.outcomes import realised_variances
from btcforecast.engine.backtest.plan import DAY_S

YEAR_S: Final = 365 * DAY_S
_HOUR_S: Final = 3600
_LEAST_DAYS: Final = 90


def past_day_volatility(candles: Candles, at: Ints) -> Floats:
    """Return the square root of the sum of squared five-minute returns over the 24 h before each instant, NaN where a candle is missing."""
    return np.asarray(np.sqrt(realised_variances(candles, at - DAY_S, (Horizon(DAY_S),))[:, 0]))


def terciles(candles: Candles, origins: Ints) -> Floats:
    """Return 0, 1 or 2 for each origin: the third of the year before, taken every hour, that the past day's volatility falls in.

    NaN where the past day lacks a candle, or fewer than 90 days of history are known.
    """
    if not len(origins):
        return np.empty(0)
    first = max(int(candles.closed_at[0]), int(origins[0]) - YEAR_S)
    hours = np.arange(first - first % _HOUR_S, int(origins[-1]), _HOUR_S)
    past = past_day_volatility(candles, hours)
    hours, past = hours[np.isfinite(past)], past[np.isfinite(past)]
    begin, end = np.searchsorted(hours, origins - YEAR_S), np.searchsorted(hours, origins)
    now = past_day_volatility(candles, origins)
    found = np.full(len(origins), np.nan)
    for i in np.flatnonzero(np.isfinite(now) & (end - begin >= _LEAST_DAYS * 24)).tolist():
        share = float(np.mean(past[begin[i] : end[i]] < now[i]))
        found[i] = min(int(share * 3), 2)
    return found
