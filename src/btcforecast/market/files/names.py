"""Which series a file holds, where its name says so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from btcforecast.core import SIMULATED_VENUE, Series
from btcforecast.core.errors import InputError

_QUOTES: Final = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD", "EUR", "GBP", "JPY", "BTC", "ETH")
"""Quote currencies by which a symbol without a slash is cut, the longer before what they end in."""
_VENUES: Final = frozenset({
    "binance", "binanceus", "bitfinex", "bithumb", "bitmex", "bitstamp", "bybit", "coinbase", "coinbasepro", "cryptocom",
    "deribit", "gate", "gateio", "gemini", "htx", "huobi", "kraken", "kucoin", "mexc", "okex", "okx", "poloniex", "upbit",
})  # fmt: skip
"""Venues that are believed in a file's name; any other word there may mean anything."""
_NAMED: Final = re.compile(r"(?P<venue>[A-Za-z0-9]{2,32})_(?P<symbol>[A-Za-z0-9]{5,20})[_.].*")
_BINANCE_DUMP: Final = re.compile(r"(?P<symbol>[A-Z0-9]{5,20})-[0-9]+[mhdw]-[0-9]{4}.*")


def parse_symbol(text: str) -> str:
    """Return the symbol as base and quote with a slash: BTC/USDT from itself, BTC-USDT or BTCUSDT."""
    plain = text.strip().upper().replace("-", "/").replace("_", "/")
    if "/" in plain:
        return plain
    for quote in _QUOTES:
        if plain.endswith(quote) and len(plain) > len(quote):
            return f"{plain.removesuffix(quote)}/{quote}"
    raise InputError(f"“{text}” is not a symbol; write base and quote in capitals with a slash, such as BTC/USD.")


def series_of(path: Path, *, venue: str | None, symbol: str | None) -> Series:
    """Return the series that the caller names; what is not named is taken from a file name such as binance_BTCUSDT_5m.csv."""
    found_venue, found_symbol = _from_name(path.name)
    venue, symbol = venue or found_venue, symbol or found_symbol
    if venue is None or symbol is None:
        missing = " and ".join(option for option, value in (("--venue", venue), ("--symbol", symbol)) if value is None)
        raise InputError(
            f"The name {path.name} does not say which market its candles come from; add {missing}, "
            "for example --venue binance --symbol BTC/USDT."
        )
    if venue.lower() == SIMULATED_VENUE:
        raise InputError("The venue “simulated” is kept for generated candles; name the venue that the file comes from.")
    return Series(venue.lower(), parse_symbol(symbol))


def _from_name(name: str) -> tuple[str | None, str | None]:
    dump = _BINANCE_DUMP.fullmatch(name)
    if dump is not None:
        return "binance", _symbol_or_none(dump["symbol"])
    named = _NAMED.fullmatch(name)
    if named is None:
        return None, None
    symbol = _symbol_or_none(named["symbol"])
    return (venue, symbol) if symbol and (venue := named["venue"].lower()) in _VENUES else (None, symbol)


def _symbol_or_none(text: str) -> str | None:
    try:
        return parse_symbol(text)
    except InputError:
        return None
