"""The door of the store: nothing that a venue sends passes unchecked."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Final

import numpy as np

from btcforecast.core import BASE, Candles
from btcforecast.market.venue import Page

UNREADABLE: Final = "unreadable"
OFF_GRID: Final = "off_grid"
IMPOSSIBLE: Final = "impossible"
FUTURE: Final = "future"
DUPLICATE: Final = "duplicate"
CONTRADICTING: Final = "contradicting"
REASONS: Final = (UNREADABLE, OFF_GRID, IMPOSSIBLE, FUTURE, DUPLICATE, CONTRADICTING)
"""Why a row is left out: not numbers; not on the five-minute grid; high below low or a price that is not positive; not yet begun;
the same row again; two different rows for one instant, of which neither is believed."""

_Values = tuple[float, float, float, float, float]


class NonsenseError(Exception):
    """An answer of which most rows are wrong: none of it is believed."""


def check_rows(rows: object, *, opened_from: int, opened_before: int, closed_by: int) -> Page:
    """Return the good rows of a venue's answer that opened in the span and had closed by `closed_by`.

    rows: [opened_at_ms, open, high, low, close, volume], in any order. Rows outside the span are left out without a word, since
    venues answer with more than was asked, and so is the candle that is still forming.
    Raises NonsenseError when the answer is no list of rows, or more of its rows are wrong than right.
    """
    if not isinstance(rows, Iterable) or isinstance(rows, str | bytes | dict):
        raise NonsenseError("the answer is no list of candles")
    rejected: Counter[str] = Counter()
    good: dict[int, _Values] = {}
    contradicted: set[int] = set()
    n_rows = 0
    for row in rows:
        n_rows += 1
        opened_at, values, fault = _read(row, closed_by=closed_by)
        if fault is not None:
            rejected[fault] += 1
        elif opened_at in good or opened_at in contradicted:
            is_same = good.get(opened_at) == values
            rejected[DUPLICATE if is_same else CONTRADICTING] += 1
            if not is_same and good.pop(opened_at, None) is not None:
                rejected[CONTRADICTING] += 1
                contradicted.add(opened_at)
        else:
            good[opened_at] = values
    n_wrong = sum(n for reason, n in rejected.items() if reason != DUPLICATE)
    if 2 * n_wrong > n_rows:
        worst = rejected.most_common(1)[0][0]
        raise NonsenseError(f"{n_wrong} of its {n_rows} candles are wrong ({worst.replace('_', ' ')})")
    kept = sorted(at for at in good if opened_from <= at < opened_before and at + BASE.seconds <= closed_by)
    columns = np.array([good[at] for at in kept], dtype=np.float64).reshape(len(kept), 5).T
    candles = Candles(np.array(kept, dtype=np.int64), *columns)
    return Page(opened_from, opened_before, candles, dict(rejected))


def _read(row: object, *, closed_by: int) -> tuple[int, _Values, str | None]:
    nothing = (0.0, 0.0, 0.0, 0.0, 0.0)
    if not isinstance(row, list | tuple) or len(row) < 6:
        return 0, nothing, UNREADABLE
    # A venue that trades without telling the volume sends none.
    cells = [*row[:5], 0.0 if row[5] is None else row[5]]
    if not all(isinstance(cell, int | float) and not isinstance(cell, bool) and math.isfinite(cell) for cell in cells):
        return 0, nothing, UNREADABLE
    opened_ms, opened, high, low, close, volume = (float(cell) for cell in cells)
    if opened_ms % (BASE.seconds * 1000):
        return 0, nothing, OFF_GRID
    opened_at = int(opened_ms) // 1000
    if low <= 0 or volume < 0 or low > min(opened, close) or high < max(opened, close):
        return opened_at, nothing, IMPOSSIBLE
    # One interval of grace: a venue whose clock is ahead may already show the candle after ours.
    if opened_at > closed_by + BASE.seconds:
        return opened_at, nothing, FUTURE
    return opened_at, (opened, high, low, close, volume), None
