"""The rows of one ledger: entries, tree nodes and checkpoints. What they mean is decided in `forecasts.ledger`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, func, insert, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.store.tables import ledger_checkpoints, ledger_entries, ledger_nodes

_LOCKS: Final = {"live": 7091822104, "replayed": 7091822105}
"""Numbers of PostgreSQL's advisory locks: whoever appends to a ledger holds its own until the transaction ends."""
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A stored entry; `body` is exactly the text that is hashed."""

    seq: int
    kind: str
    appended_at: int
    body: str
    entry_hash: bytes


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A stored checkpoint."""

    tree_size: int
    root_hash: bytes
    note: str
    signed_at: int


class LedgerStore:
    """Reads and appends the rows of one ledger; nothing here changes or deletes any."""

    def __init__(self, connection: AsyncConnection, ledger: str) -> None:
        self._connection = connection
        self._ledger = ledger

    async def lock(self) -> None:
        """Wait until nobody else appends; held until the transaction ends."""
        if self._connection.dialect.name == "postgresql":
            await self._connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCKS[self._ledger]})
        # On SQLite `Database.transaction()` has taken the one write lock already.

    async def size(self) -> int:
        """Return how many entries there are."""
        last = await self._connection.scalar(
            select(func.max(ledger_entries.c.seq)).where(ledger_entries.c.ledger == self._ledger)
        )
        return 0 if last is None else int(last) + 1

    async def last_hash(self) -> tuple[int, bytes] | None:
        """Return position and hash of the newest entry, or None where there is none."""
        query = (
            select(ledger_entries.c.seq, ledger_entries.c.entry_hash)
            .where(ledger_entries.c.ledger == self._ledger)
            .order_by(ledger_entries.c.seq.desc())
            .limit(1)
        )
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else (int(row.seq), bytes(row.entry_hash))

    async def insert_entries(self, rows: Sequence[EntryRow]) -> None:
        """Add entries."""
        values = [
            {
                "ledger": self._ledger,
                "seq": row.seq,
                "kind": row.kind,
                "appended_at": row.appended_at,
                "body": row.body,
                "entry_hash": row.entry_hash,
            }
            for row in rows
        ]
        await self._connection.execute(insert(ledger_entries), values)

    async def insert_nodes(self, nodes: Sequence[tuple[tuple[int, int], bytes]]) -> None:
        """Add perfect subtrees of the tree, each as ((level, index), hash)."""
        values = [{"ledger": self._ledger, "level": level, "index": index, "hash": node} for (level, index), node in nodes]
        await self._connection.execute(insert(ledger_nodes), values)

    async def entry(self, seq: int) -> EntryRow | None:
        """Return one entry."""
        found = await self.entries(seq, before=seq + 1)
        return found[0] if found else None

    async def entries(self, first: int, *, before: int) -> list[EntryRow]:
        """Return the entries with first ≤ seq < before, in order."""
        query = (
            select(ledger_entries)
            .where(ledger_entries.c.ledger == self._ledger, ledger_entries.c.seq >= first, ledger_entries.c.seq < before)
            .order_by(ledger_entries.c.seq)
        )
        rows = await self._connection.execute(query)
        return [EntryRow(row.seq, row.kind, row.appended_at, row.body, bytes(row.entry_hash)) for row in rows]

    async def pages(self, *, before: int) -> AsyncIterator[list[EntryRow]]:
        """Yield all entries with seq < before, in order, some hundred at a time."""
        for first in range(0, before, _PAGE):
            yield await self.entries(first, before=min(first + _PAGE, before))

    async def leaf_hashes(self, *, before: int) -> list[bytes]:
        """Return the stored hashes of the leaves with seq < before, in order."""
        return await self.level_hashes(0, before=before)

    async def level_hashes(self, level: int, *, before: int) -> list[bytes]:
        """Return the stored hashes of one level of the tree with index < before, in order."""
        index = ledger_nodes.c["index"]
        query = (
            select(ledger_nodes.c.hash)
            .where(ledger_nodes.c.ledger == self._ledger, ledger_nodes.c.level == level, index < before)
            .order_by(index)
        )
        return [bytes(node) for node in await self._connection.scalars(query)]

    async def nodes(self, wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        """Return the hashes of perfect subtrees by (level, index); missing ones are left out."""
        if not wanted:
            return {}
        places = [and_(ledger_nodes.c.level == level, ledger_nodes.c.index == index) for level, index in wanted]
        columns = (ledger_nodes.c.level, ledger_nodes.c["index"], ledger_nodes.c.hash)
        query = select(*columns).where(ledger_nodes.c.ledger == self._ledger, or_(*places))
        return {(level, index): bytes(node) for level, index, node in await self._connection.execute(query)}

    async def insert_checkpoint(self, row: CheckpointRow) -> None:
        """Add a checkpoint."""
        values = {
            "ledger": self._ledger,
            "tree_size": row.tree_size,
            "root_hash": row.root_hash,
            "note": row.note,
            "signed_at": row.signed_at,
        }
        await self._connection.execute(insert(ledger_checkpoints), values)

    async def checkpoint(self, *, at_most: int | None = None) -> CheckpointRow | None:
        """Return the newest checkpoint, or the newest that covers at most so many entries."""
        query = select(ledger_checkpoints).where(ledger_checkpoints.c.ledger == self._ledger)
        if at_most is not None:
            query = query.where(ledger_checkpoints.c.tree_size <= at_most)
        row = (await self._connection.execute(query.order_by(ledger_checkpoints.c.tree_size.desc()).limit(1))).one_or_none()
        return None if row is None else CheckpointRow(row.tree_size, bytes(row.root_hash), row.note, row.signed_at)

    async def checkpoints(self) -> list[CheckpointRow]:
        """Return all checkpoints, oldest first."""
        query = select(ledger_checkpoints).where(ledger_checkpoints.c.ledger == self._ledger)
        rows = await self._connection.execute(query.order_by(ledger_checkpoints.c.tree_size))
        return [CheckpointRow(row.tree_size, bytes(row.root_hash), row.note, row.signed_at) for row in rows]
