"""What the worker hands to the web processes: events for streams, and the newest price."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from btcforecast.store.tables.metadata import metadata

events: Final = Table(
    "events",
    metadata,
    # The id that a stream resumes from.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    # forecast, settlement, missed_cycle or market
    Column("kind", String(32), nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "created_at"),
    sqlite_autoincrement=True,
)

live_prices: Final = Table(
    "live_prices",
    metadata,
    Column(
        "series_id",
        Integer,
        ForeignKey("series.id"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("price", Double, nullable=False),
    # When the venue says that it traded, and how it reached us: websocket, poll or candle.
    Column("traded_at_ms", BigInteger, nullable=False),
    Column("via", String(16), nullable=False),
)
