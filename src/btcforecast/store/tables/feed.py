"""What the worker hands to the web processes: ready answers, events for streams, and the newest price."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from btcforecast.store.tables.metadata import metadata

publications: Final = Table(
    "publications",
    metadata,
    # Such as `forecast:coinbase:BTC/USD`.
    Column("key", String(128), primary_key=True),
    # JSON, serialised once.
    Column("body", LargeBinary, nullable=False),
    Column("etag", String(80), nullable=False),
    Column("published_at", BigInteger, nullable=False),
)

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
