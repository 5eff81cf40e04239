"""Log returns over one candle and over whole horizons, with gaps left out rather than bridged."""

from __future__ import annotations

import numpy as np

from btcforecast.core import Candles, Floats, Ints


def step_returns(candles: Candles, *, before: tuple[int, float] | None = None) -> Floats:
    """Return each candle's five-minute log return, shape (n,).

    It runs from the close of the candle before, where that one is adjacent, else from the candle's own open: a return across an
    outage is not a five-minute return. `before`: close instant and close of the candle that precedes the first one.
    """
    starts = candles.open.copy()
    if len(starts) > 1:
        follows = candles.opened_at[1:] == candles.closed_at[:-1]
        starts[1:][follows] = candles.close[:-1][follows]
    if before is not None and len(starts) and before[0] == candles.opened_at[0]:
        starts[0] = before[1]
    return np.asarray(np.log(candles.close / starts))


def hourly_rows(candles: Candles, *, since: int, every_hours: int = 1) -> Ints:
    """Return the rows of the candles that close on whole hours (or every few) at or after `since`."""
    closed_at = candles.closed_at
    first = int(np.searchsorted(closed_at, since))
    return first + np.flatnonzero(closed_at[first:] % (3600 * every_hours) == 0)


def horizon_returns(candles: Candles, rows: Ints, seconds: int) -> Floats:
    """Return the log return from the close of each row to the close `seconds` later; NaN where that candle is missing."""
    targets = candles.opened_at[rows] + seconds
    found = np.minimum(np.searchsorted(candles.opened_at, targets), len(candles) - 1)
    is_there = candles.opened_at[found] == targets
    return np.asarray(np.where(is_there, np.log(candles.close[found] / candles.close[rows]), np.nan))
