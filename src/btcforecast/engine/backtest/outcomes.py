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
