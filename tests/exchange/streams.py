"""The five venues' websockets: how a client subscribes to trades, and what a trade looks like."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Stream:
    """wants: whether a message subscribes to trades; welcome: the answer; trade: one trade's message."""

    wants: Callable[[dict[str, Any]], bool]
    welcome: Callable[[dict[str, Any]], Any]
    trade: Callable[[float, int, int], Any]


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


STREAMS: dict[str, Stream] = {
    "binance": Stream(
        lambda m: m.get("method") == "SUBSCRIBE",
        lambda m: {"result": None, "id": m["id"]},
        lambda price, at_ms, n: {
            "e": "trade",
            "E": at_ms,
            "s": "BTCUSDT",
            "t": n,
            "p": str(price),
            "q": "0.01",
            "T": at_ms,
            "m": False,
            "M": True,
        },
    ),
    "kraken": Stream(
        lambda m: m.get("method") == "subscribe",
        lambda m: {"method": "subscribe", "success": True, "result": m["params"], "req_id": m.get("req_id")},
        lambda price, at_ms, n: {
            "channel": "trade",
            "type": "update",
            "data": [
                {
                    "symbol": "BTC/USD",
                    "side": "buy",
                    "price": price,
                    "qty": 0.01,
                    "ord_type": "market",
                    "trade_id": n,
                    "timestamp": _iso(at_ms),
                }
            ],
        },
    ),
    "okx": Stream(
        lambda m: m.get("op") == "subscribe",
        lambda m: {"event": "subscribe", "arg": m["args"][0], "connId": "1"},
        lambda price, at_ms, n: {
            "arg": {"channel": "trades", "instId": "BTC-USDT"},
            "data": [{"instId": "BTC-USDT", "tradeId": str(n), "px": str(price), "sz": "0.01", "side": "buy", "ts": str(at_ms)}],
        },
    ),
    "coinbase": Stream(
        lambda m: m.get("type") == "subscribe" and m.get("channel") == "market_trades",
        lambda _m: {"channel": "subscriptions", "events": [{"subscriptions": {"market_trades": ["BTC-USD"]}}]},
        lambda price, at_ms, n: {
            "channel": "market_trades",
            "timestamp": _iso(at_ms),
            "sequence_num": n,
            "events": [
                {
                    "type": "update",
                    "trades": [
                        {
                            "trade_id": str(n),
                            "product_id": "BTC-USD",
                            "price": str(price),
                            "size": "0.01",
                            "side": "BUY",
                            "time": _iso(at_ms),
                        }
                    ],
                }
            ],
        },
    ),
    "bitstamp": Stream(
        lambda m: m.get("event") == "bts:subscribe",
        lambda m: {"event": "bts:subscription_succeeded", "channel": m["data"]["channel"], "data": {}},
        lambda price, at_ms, n: {
            "event": "trade",
            "channel": "live_trades_btcusd",
            "data": {
                "id": n,
                "timestamp": str(at_ms // 1000),
                "microtimestamp": str(at_ms * 1000),
                "amount": 0.01,
                "amount_str": "0.01",
                "price": price,
                "price_str": str(price),
                "type": 0,
                "buy_order_id": n,
                "sell_order_id": n,
            },
        },
    ),
}


def read(text: str) -> dict[str, Any]:
    """A client's message, or nothing where it is no JSON object."""
    try:
        message = json.loads(text)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
