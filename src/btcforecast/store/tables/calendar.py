"""The calendar of scheduled events, with what it said at any instant, and how its file was when it was last read."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from btcforecast.store.tables.metadata import metadata

_withdrawn_at: Final = Column("withdrawn_at", BigInteger)

scheduled_events: Final = Table(
    "scheduled_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("at", BigInteger, nullable=False),
    # Since when the date was public; 0 for always.
    Column("announced_at", BigInteger, nullable=False),
    # From when to when the calendar held the event. Rows are never deleted, so a forecast can be computed again from what the
    # calendar said when it was made.
    Column("recorded_at", BigInteger, nullable=False),
    _withdrawn_at,
    Index(
        "uq_scheduled_events_standing",
        "kind",
        "at",
        unique=True,
        sqlite_where=_withdrawn_at.is_(None),
        postgresql_where=_withdrawn_at.is_(None),
    ),
)

calendar_files: Final = Table(
    "calendar_files",
    metadata,
    # CALENDAR_FILE as it was named when it was read.
    Column("path", Text, primary_key=True),
    # Why it cannot be used; empty while it can.
    Column("fault", Text),
    # Since when it is as it is.
    Column("since_at", BigInteger, nullable=False),
)
