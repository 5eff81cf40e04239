"""The five venues' REST protocols: which call a path is, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from exchange.desk import Call, Desk
from exchange.tape import STEP_S

Query = Mapping[str, str]


@dataclass(frozen=True)
class Protocol:
    """classify: the call that a path is, or None; markets, candles, price: their answers."""

    classify: Callable[[str], Call | None]
    markets: Callable[[Query], Any]
    candles: Callable[[Desk, Query, int], Any]
    price: Callable[[float, int], Any]


def _by_ending(**calls: str) -> Callable[[str], Call | None]:
    def classify(path: str) -> Call | None:
        return next((call for call, part in calls.items() if part in path), None)  # type: ignore[return-value]

    return classify


def _text(row: tuple[float, ...]) -> list[str]:
    return [format(value, ".8f") for value in row]


def _cell(desk: Desk, at: int, cells: dict[str, Any]) -> dict[str, Any]:
    """Break one candle as the desk says."""
    fault = desk.broken.get(at)
    if fault == "impossible":
        cells["high"], cells["low"] = cells["low"], cells["high"]
        cells["high"] = format(float(cells["high"]) * 0.9, ".8f")
    elif fault == "none":
        cells["close"] = None
    elif fault == "text":
        cells["close"] = "a lot"
    elif fault == "nan":
        cells["close"] = "NaN"
    elif fault == "off_grid":
        cells["at"] += 7
    elif fault == "future":
        cells["at"] += 30 * 86400
    return cells


def _cells(desk: Desk, rows: list[tuple[float, ...]]) -> list[dict[str, Any]]:
    names = ("open", "high", "low", "close", "volume")
    return [_cell(desk, int(row[0]), {"at": int(row[0]), **dict(zip(names, _text(row[1:]), strict=True))}) for row in rows]


def _binance_markets(_query: Query) -> Any:
    symbol = {
        "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT", "baseAssetPrecision": 8,
        "quotePrecision": 8, "quoteAssetPrecision": 8, "orderTypes": ["LIMIT", "MARKET"], "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False, "permissions": ["SPOT"],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
        ],
    }  # fmt: skip
    return {"timezone": "UTC", "serverTime": 0, "rateLimits": [], "symbols": [symbol]}


def _binance_candles(desk: Desk, query: Query, now: int) -> Any:
    start = int(query.get("startTime", 0)) // 1000
    rows = desk.rows(start, start + 40 * 86400, now=now)[: min(int(query.get("limit", 500)), 1000)]
    return [
        [
            c["at"] * 1000,
            c["open"],
            c["high"],
            c["low"],
            c["close"],
            c["volume"],
            (c["at"] + STEP_S) * 1000 - 1,
            "1",
            9,
            "1",
            "1",
            "0",
        ]
        for c in _cells(desk, rows)
    ]


def _coinbase_markets(query: Query) -> Any:
    if query.get("product_type") == "FUTURE":
        return {"products": []}
    product = {
        "product_id": "BTC-USD", "price": "1", "base_increment": "0.00000001", "quote_increment": "0.01", "quote_min_size": "1",
        "quote_max_size": "50000000", "base_min_size": "0.00000001", "base_max_size": "2600", "base_name": "Bitcoin",
        "quote_name": "US Dollar", "is_disabled": False, "status": "online", "trading_disabled": False, "product_type": "SPOT",
        "quote_currency_id": "USD", "base_currency_id": "BTC", "price_increment": "0.01", "alias": "", "alias_to": [],
    }  # fmt: skip
    return {"products": [product], "num_products": 1}


def _coinbase_candles(desk: Desk, query: Query, now: int) -> Any:
    start, end = int(query["start"]), int(query["end"])
    if (end - start) // STEP_S > 300:
        return {"error": "INVALID_ARGUMENT", "message": "number of candles requested should be less than 350"}
    cells = _cells(desk, desk.rows(start, end, now=now))
    return {"candles": [{"start": str(c.pop("at")), **c} for c in reversed(cells)]}


def _kraken_markets(_query: Query) -> Any:
    pair = {
        "altname": "XBTUSD", "wsname": "XBT/USD", "aclass_base": "currency", "base": "XXBT", "aclass_quote": "currency",
        "quote": "ZUSD", "pair_decimals": 1, "lot_decimals": 8, "lot_multiplier": 1, "leverage_buy": [], "leverage_sell": [],
        "fees": [[0, 0.4]], "fees_maker": [[0, 0.25]], "ordermin": "0.00005", "costmin": "0.5", "status": "online",
    }  # fmt: skip
    return {"error": [], "result": {"XXBTZUSD": pair}}


def _kraken_candles(desk: Desk, query: Query, now: int) -> Any:
    # Whatever `since` says, only the newest 720 exist.
    since = max(int(query.get("since", 0)) + 1, now - 719 * STEP_S - now % STEP_S)
    rows = _cells(desk, desk.rows(since, now, now=now))
    candles = [[c["at"], c["open"], c["high"], c["low"], c["close"], c["close"], c["volume"], 3] for c in rows]
    return {"error": [], "result": {"XXBTZUSD": candles, "last": now}}


def _bitstamp_markets(_query: Query) -> Any:
    return [
        {
            "name": "BTC/USD", "market_symbol": "btcusd", "base_currency": "BTC", "base_decimals": 8, "counter_currency": "USD",
            "counter_decimals": 0, "minimum_order_value": "10.00", "trading": "Enabled", "market_type": "SPOT",
        }
    ]  # fmt: skip


def _bitstamp_candles(desk: Desk, query: Query, now: int) -> Any:
    start = int(query["start"])
    rows = desk.rows(start, int(query["end"]), now=now)[: min(int(query["limit"]), 1000)]
    cells = [{"timestamp": str(c.pop("at")), **c} for c in _cells(desk, rows)]
    return {"data": {"pair": "BTC/USD", "ohlc": cells}}


def _okx_markets(_query: Query) -> Any:
    instrument = {
        "instId": "BTC-USDT", "instType": "SPOT", "baseCcy": "BTC", "quoteCcy": "USDT", "settleCcy": "", "ctVal": "", "ctMult": "",
        "tickSz": "0.1", "lotSz": "0.00000001", "minSz": "0.00001", "state": "live", "lever": "10", "uly": "", "instFamily": "",
        "listTime": "1548133413000", "expTime": "", "maxLmtSz": "9999", "maxMktSz": "", "stk": "", "optType": "", "alias": "",
    }  # fmt: skip
    return {"code": "0", "msg": "", "data": [instrument]}


def _okx_candles(desk: Desk, query: Query, now: int) -> Any:
    after, before = int(query["after"]) // 1000, int(query["before"])
    rows = desk.rows(before // 1000 + 1, after - 1, now=now)[-min(int(query["limit"]), 100) :]
    return {
        "code": "0",
        "msg": "",
        "data": [
            [
                str(c["at"] * 1000),
                c["open"],
                c["high"],
                c["low"],
                c["close"],
                c["volume"],
                "1",
                "1",
                "1" if c["at"] + STEP_S <= now else "0",
            ]
            for c in reversed(_cells(desk, rows))
        ],
    }


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _kraken_price(price: float, _at_ms: int) -> Any:
    text = format(price, ".1f")
    day = {name: [text, text] for name in ("v", "p", "l", "h")}
    ticker = {"a": [text, "1", "1"], "b": [text, "1", "1"], "c": [text, "0.1"], "t": [9, 9], "o": text, **day}
    return {"error": [], "result": {"XXBTZUSD": ticker}}


PROTOCOLS: dict[str, Protocol] = {
    "binance": Protocol(
        _by_ending(markets="/exchangeInfo", candles="/klines", price="/ticker/24hr"),
        _binance_markets,
        _binance_candles,
        lambda price, at_ms: {"symbol": "BTCUSDT", "lastPrice": format(price, ".2f"), "closeTime": at_ms},
    ),
    "coinbase": Protocol(
        _by_ending(candles="/candles", price="/ticker", markets="/market/products"),
        _coinbase_markets,
        _coinbase_candles,
        lambda price, at_ms: {
            "trades": [
                {"trade_id": "1", "product_id": "BTC-USD", "price": format(price, ".2f"), "size": "1", "time": _iso(at_ms)}
            ],
            "best_bid": "",
            "best_ask": "",
        },
    ),
    "kraken": Protocol(
        _by_ending(markets="/AssetPairs", candles="/OHLC", price="/Ticker"), _kraken_markets, _kraken_candles, _kraken_price
    ),
    "bitstamp": Protocol(
        _by_ending(markets="/v2/markets", candles="/ohlc/", price="/ticker/"),
        _bitstamp_markets,
        _bitstamp_candles,
        lambda price, at_ms: {"last": format(price, ".2f"), "timestamp": str(at_ms // 1000), "bid": "1", "ask": "2"},
    ),
    "okx": Protocol(
        _by_ending(markets="/public/instruments", candles="candles", price="/market/ticker"),
        _okx_markets,
        _okx_candles,
        lambda price, at_ms: {
            "code": "0",
            "data": [{"instType": "SPOT", "instId": "BTC-USDT", "last": format(price, ".1f"), "ts": str(at_ms)}],
        },
    ),
}
