"""What the publish gate decided, and which model reigned when."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from btcforecast.store.tables.metadata import metadata

gate_states: Final = Table(
    "gate_states",
    metadata,
    # How the gate stands now: one row a series, written anew in every live cycle.
    Column("series_id", Integer, ForeignKey("series.id"), primary_key=True, autoincrement=False),
    Column("as_of", BigInteger, nullable=False),
    Column("judged_at", BigInteger, nullable=False),
    # open, demoted, suspended or withheld
    Column("state", String(16), nullable=False),
    # What statistics alone say: open, demoted or suspended; it outlasts the cycle.
    Column("standing", String(16), nullable=False),
    # The instant of the cycle with which the state began; empty while it has been open from the start.
    Column("since", BigInteger),
    Column("champion", String(64), nullable=False),
    Column("fallback", String(64)),
    # Empty where nothing is served.
    Column("served_model", String(64)),
    Column("reason", Text, nullable=False),
    # Every measure with its limits, as a JSON list.
    Column("measures", Text, nullable=False),
)

gate_transitions: Final = Table(
    "gate_transitions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("series_id", Integer, ForeignKey("series.id"), nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("judged_at", BigInteger, nullable=False),
    Column("previous", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("standing", String(16), nullable=False),
    Column("served_model", String(64)),
    Column("reason", Text, nullable=False),
    # The measure that caused it, as JSON; empty where none did.
    Column("cause", Text),
    Column("ledger_seq", BigInteger, nullable=False),
    Index(None, "series_id", "id"),
)

reigns: Final = Table(
    "reigns",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("series_id", Integer, ForeignKey("series.id"), nullable=False),
    # Cycles from this instant on have this champion.
    Column("began_at", BigInteger, nullable=False),
    Column("champion", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    # promotion or rollback
    Column("kind", String(16), nullable=False),
    # True where the rule was not met and somebody promoted all the same.
    Column("is_forced", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    # What the rule found, as JSON; empty for a rollback.
    Column("figures", Text),
    Column("ledger_seq", BigInteger, nullable=False),
    Index(None, "series_id", "id"),
)
