"""Candle rows as structured arrays, and what to do with each written one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import Candles

Rows = NDArray[np.void]
"""Rows of the dtype STORED."""

VALUES: Final = ("open", "high", "low", "close", "volume")
STORED: Final = np.dtype([("opened_at", np.int64), *((name, np.float64) for name in VALUES), ("borrowed_from", np.int64)])
"""What of a row decides about a write; borrowed_from is 0 for an own candle."""

OWN: Final = 0


def to_rows(candles: Candles, *, borrowed_from: int) -> Rows:
    """Return the candles as rows that the series of this id lent, or OWN."""
    rows: Rows = np.empty(len(candles), STORED)
    rows["opened_at"] = candles.opened_at
    for name in VALUES:
        rows[name] = getattr(candles, name)
    rows["borrowed_from"] = borrowed_from
    return rows


@dataclass(frozen=True, slots=True)
class Plan:
    """What a write changes: rows to insert, rows that take the place of others, and those others."""

    new: Rows
    replacing: Rows
    replaced: Rows

    @classmethod
    def of(cls, written: Rows, *, stored: Rows) -> Plan:
        """Compare what is written with what is stored; both are in order of time, all `written` from one lender."""
        place = np.searchsorted(stored["opened_at"], written["opened_at"])
        is_stored = np.zeros(len(written), np.bool_)
        inside = place < len(stored)
        is_stored[inside] = stored["opened_at"][place[inside]] == written["opened_at"][inside]
        ours, theirs = written[is_stored], stored[place[is_stored]]
        lender = theirs["borrowed_from"]
        differs = ours != theirs
        # An own candle stands against any loan, and the first loan against those of other venues, so that fallbacks
        # that disagree do not take turns.
        may_replace = (ours["borrowed_from"] == OWN) | (ours["borrowed_from"] == lender)
        changed = differs & may_replace
        return cls(new=written[~is_stored], replacing=ours[changed], replaced=theirs[changed])
