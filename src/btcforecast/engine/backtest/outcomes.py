"""What happened after each origin; a missing candle is a missing outcome and is never filled."""

from __future__ import annotations

import numpy as np

from btcforecast.core import BASE, Candles, Floats, Horizon, Ints


def closes_at(candles: Candles, instants: Ints) -> Floats:
    """Return the closes of the candles that closed at these instants, in their shape, NaN where there is none."""
    opened_at = instants - candles.interval.seconds
    rows = np.minimum(np.searchsorted(candles.opened_at, opened_at), len(candles) - 1)
    found = candles.opened_at[rows] == opened_at
    return np.where(found, candles.close[rows], np.nan)


def log_returns(candles: Candles, origins: Ints, horizons: tuple[Horizon, ...]) -> Floats:
    """Return the realised log returns, shape (n_origins, n_horizons), NaN where either candle is missing."""
    targets = origins[:, None] + np.array([horizon.seconds for horizon in horizons])
    return np.asarray(np.log(closes_at(candles, targets) / closes_at(candles, origins)[:, None]))


def realised_prices(candles: Candles, origins: Ints, *, n_steps: int) -> Floats:
    """Return the closes along the way, shape (n_origins, n_steps + 1), first column the origin's, NaN where missing."""
    return closes_at(candles, origins[:, None] + BASE.seconds * np.arange(n_steps + 1))


def realised_variances(candles: Candles, origins: Ints, horizons: tuple[Horizon, ...]) -> Floats:
    """Return the sums of squared five-minute log returns, shape (n_origins, n_horizons), NaN where a candle on the way is missing."""
    first = int(candles.closed_at[0])
    close = np.full((candles.as_of - first) // BASE.seconds + 1, np.nan)
    close[(candles.closed_at - first) // BASE.seconds] = candles.close
    squares = np.diff(np.log(close)) ** 2
    is_missing = np.isnan(squares)
    total = np.concatenate(([0.0], np.cumsum(np.where(is_missing, 0.0, squares))))
    n_missing = np.concatenate(([0], np.cumsum(is_missing)))
    begin = ((origins - first) // BASE.seconds)[:, None]
    end = begin + np.array([horizon.n_steps for horizon in horizons])
    inside = (begin >= 0) & (end < len(total))
    begin, end = np.where(inside, begin, 0), np.where(inside, end, 0)
    whole = inside & (n_missing[end] == n_missing[begin])
    return np.where(whole, total[end] - total[begin], np.nan)
