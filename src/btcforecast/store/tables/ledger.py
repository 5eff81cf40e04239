"""The append-only record: entries, the Merkle tree over them (RFC 9162) and its signed checkpoints.

There is one ledger for each origin, `live` and `replayed`, so that the two can never be mistaken for each other.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, Table, Text

from btcforecast.store.tables.metadata import metadata

ledger_entries: Final = Table(
    "ledger_entries",
    metadata,
    Column("ledger", String(16), primary_key=True),
    # Position from zero, without holes.
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(32), nullable=False),
    Column("appended_at", BigInteger, nullable=False),
    # Canonical JSON (RFC 8785), exactly the bytes that are hashed.
    Column("body", Text, nullable=False),
    # SHA-256 over the previous entry's hash and the body: the chain.
    Column("entry_hash", LargeBinary(32), nullable=False),
    sqlite_with_rowid=False,
)

ledger_nodes: Final = Table(
    "ledger_nodes",
    metadata,
    Column("ledger", String(16), primary_key=True),
    # Perfect subtrees only: the node at (level, index) covers the 2^level entries from index · 2^level on; level 0 is the leaves.
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
    sqlite_with_rowid=False,
)

ledger_checkpoints: Final = Table(
    "ledger_checkpoints",
    metadata,
    Column("ledger", String(16), primary_key=True),
    Column("tree_size", BigInteger, primary_key=True, autoincrement=False),
    Column("root_hash", LargeBinary(32), nullable=False),
    # The signed note (C2SP signed-note, tlog-checkpoint).
    Column("note", Text, nullable=False),
    Column("signed_at", BigInteger, nullable=False),
)
