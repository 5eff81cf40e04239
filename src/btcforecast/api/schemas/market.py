"""Candles and prices."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from btcforecast.api.schemas.shared import Answer, Instant, Source


class CandleWidth(StrEnum):
    """The intervals that can be asked for."""

    FIVE_MINUTES = "5m"
    QUARTER = "15m"
    HOUR = "1h"
    FOUR_HOURS = "4h"
    DAY = "1d"


class Candle(Answer):
    """One closed price bar, named by its open time."""

    opened_at: Instant
    open: float
    high: float
    low: float
    close: float
    volume: float


class CandleList(Answer):
    """Closed candles, oldest first: the newest `limit` of those asked for."""

    source: Source
    interval: CandleWidth
    candles: list[Candle]
    previous_to: Instant | None = Field(description="Give it as `to` for the candles before these; null where there are none.")


class Price(Answer):
    """The newest trade."""

    source: Source
    price: float
    traded_at: Instant
    via: str = Field(description="How it reached us: websocket, poll, candle or simulated.")
