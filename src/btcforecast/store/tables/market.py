"""Candles by series, what venues later revised, and how each venue is doing."""

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
    UniqueConstraint,
)

from btcforecast.store.tables.metadata import metadata

series: Final = Table(
    "series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("venue", String(32), nullable=False),
    Column("symbol", String(33), nullable=False),
    UniqueConstraint("venue", "symbol"),
)

candles: Final = Table(
    "candles",
    metadata,
    # No foreign keys: PostgreSQL would check them row by row, which makes an import four times slower (decision 0020).
    # The candle store is the only writer, and series are never deleted.
    Column("series_id", Integer, primary_key=True, autoincrement=False),
    Column("opened_at", BigInteger, primary_key=True, autoincrement=False),
    Column("open", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("low", Double, nullable=False),
    Column("close", Double, nullable=False),
    Column("volume", Double, nullable=False),
    # The series of the fallback venue that lent this candle while the own venue was away; empty for an own candle.
    Column("borrowed_from", Integer),
    # When the candle was first stored: what was known at an instant can be read again.
    Column("recorded_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

candle_revisions: Final = Table(
    "candle_revisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("series_id", Integer, ForeignKey("series.id"), nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("revised_at", BigInteger, nullable=False),
    # The values that stood before; the candles table holds those that stand now.
    Column("open", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("low", Double, nullable=False),
    Column("close", Double, nullable=False),
    Column("volume", Double, nullable=False),
    Column("borrowed_from", Integer, ForeignKey("series.id")),
    Index(None, "series_id", "opened_at"),
)

venue_states: Final = Table(
    "venue_states",
    metadata,
    Column("venue", String(32), primary_key=True),
    # closed, open or half_open
    Column("breaker", String(16), nullable=False),
    Column("latency_ms", Double),
    Column("last_success_at", BigInteger),
    Column("last_error_at", BigInteger),
    Column("last_error", Text),
    # Until when the breaker keeps calls back, so that a restart does not run into a ban again; empty while closed.
    Column("retry_at", BigInteger),
    Column("updated_at", BigInteger, nullable=False),
)

candle_absences: Final = Table(
    "candle_absences",
    metadata,
    Column("series_id", Integer, ForeignKey("series.id"), primary_key=True),
    Column("opened_from", BigInteger, primary_key=True, autoincrement=False),
    Column("opened_before", BigInteger, nullable=False),
    # How often the venue was asked for this span and had nothing, and when last: an outage is not asked for for ever.
    Column("n_tries", Integer, nullable=False),
    Column("tried_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
