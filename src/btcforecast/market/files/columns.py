"""Which column of a file is what, by the names that exchanges, data vendors and libraries give them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from btcforecast.core.errors import InputError

PRICES: Final = ("open", "high", "low", "close")

_NAMES: Final = {
    # The more exact first: Binance has open and close times, CryptoDataDownload a Unix time and a date.
    "time": (
        *("opened_at", "open_time", "opentime", "open_timestamp", "period_start", "time_period_start", "start_time", "start"),
        *("unix", "unix_time", "unix_timestamp", "epoch", "timestamp", "timestamp_utc", "ts", "datetime", "datetime_utc"),
        *("date_time", "gmt_time", "time_utc", "date_utc", "utc", "date", "time", "t"),
    ),
    "open": ("open", "open_price", "price_open", "o"),
    "high": ("high", "high_price", "price_high", "max", "h"),
    "low": ("low", "low_price", "price_low", "min", "l"),
    "close": ("close", "close_price", "price_close", "last", "c"),
    "volume": (
        *("volume", "base_volume", "volume_base", "volume_btc", "volume_traded", "volumefrom", "vol", "tick_volume", "v"),
    ),
}
_WORDS: Final = re.compile(r"[^a-z0-9]+")
_HEADLESS: Final = ("time", *PRICES, "volume")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in a row each quantity stands; clock is a second time column to be read after the first, volume may be absent."""

    n_fields: int
    time: int
    open: int
    high: int
    low: int
    close: int
    volume: int | None = None
    clock: int | None = None

    @classmethod
    def of_names(cls, names: Sequence[str], *, path: str) -> Layout:
        """Return the layout that the column names tell; InputError says which are missing."""
        plain = [plain_name(name) for name in names]
        found = {quantity: _first(plain, known) for quantity, known in _NAMES.items()}
        missing = [quantity for quantity in ("time", *PRICES) if found[quantity] is None]
        if missing:
            raise InputError(
                f"{path} has no column for {_joined(missing)}. It has the columns {_joined(names[:30])}; "
                "expected are a time (timestamp, open_time, date …), open, high, low, close and, if there is one, volume."
            )
        places = {quantity: place for quantity, place in found.items() if place is not None}
        # Some terminals write the day and the time of day apart.
        is_split = {"date", "time"} <= set(plain) and plain[places["time"]] == "date"
        return cls(len(names), **places, clock=plain.index("time") if is_split else None)

    @classmethod
    def headless(cls, n_fields: int) -> Layout:
        """Return the order in which Binance, Kraken and ccxt write candles without a header."""
        return cls(n_fields, **{quantity: place for place, quantity in enumerate(_HEADLESS[:n_fields])})


def plain_name(name: str) -> str:
    """Return the name in lower case with its words joined by underscores."""
    return _WORDS.sub("_", name.strip().strip('"').lower()).strip("_")


def is_header(fields: Sequence[str]) -> bool:
    """Say whether the fields look like column names of candles."""
    plain = {plain_name(field) for field in fields}
    return sum(not plain.isdisjoint(_NAMES[quantity]) for quantity in PRICES) >= 2


def is_headless_row(fields: Sequence[str]) -> bool:
    """Say whether the fields look like a candle: a time and at least four prices, all numbers but perhaps the time."""
    return len(fields) >= 5 and all(_is_number(field) for field in fields[1:5])


def _is_number(field: str) -> bool:
    try:
        float(field.strip().strip('"'))
    except ValueError:
        return False
    return True


def _first(plain: Sequence[str], known: Sequence[str]) -> int | None:
    return next((plain.index(name) for name in known if name in plain), None)


def _joined(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "none"
