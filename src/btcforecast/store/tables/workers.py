"""Which workers are alive and what they work on."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table, Text

from btcforecast.store.tables.metadata import metadata

workers: Final = Table(
    "workers",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("version", String(32), nullable=False),
    # The series that it forecasts; empty while it is still choosing.
    Column("series_id", Integer, ForeignKey("series.id")),
    # What it is doing, in words for the page: “fetching history: 40 %”, “waiting for 14:00”.
    Column("activity", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("beat_at", BigInteger, nullable=False),
)
