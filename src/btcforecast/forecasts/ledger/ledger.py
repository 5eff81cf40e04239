"""The append-only record of one origin, kept in the store."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import Origin
from btcforecast.core.errors import IntegrityError, NotFoundError
from btcforecast.forecasts.ledger.checkpoints import Checkpoint, origin_line
from btcforecast.forecasts.ledger.entries import GENESIS, Entry, entry_hash
from btcforecast.forecasts.ledger.merkle import (
    Frontier,
    Node,
    Range,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    perfect_nodes,
    range_root,
)
from btcforecast.forecasts.ledger.signer import Signer
from btcforecast.store.ledger import CheckpointRow, EntryRow, LedgerStore


@dataclass(frozen=True, slots=True)
class Appended:
    """Where an entry came to stand, and its hash in the chain."""

    seq: int
    entry_hash: bytes


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it stands in the ledger; `text` is exactly the bytes that are hashed."""

    entry: Entry
    text: bytes
    entry_hash: bytes

    @property
    def leaf_hash(self) -> bytes:
        """Return the entry's hash as a leaf of the tree."""
        return leaf_hash(self.text)


@dataclass(frozen=True, slots=True)
class _Batch:
    rows: list[EntryRow]
    nodes: list[tuple[Node, bytes]]


class Ledger:
    """One ledger, live or replayed, over a connection. Appending needs `database.transaction()`, reading only `database.read()`.

    Appends are serialised: whoever appends waits for the one before to commit, so the chain can neither fork nor have holes.
    """

    def __init__(self, connection: AsyncConnection, origin: Origin) -> None:
        self._store = LedgerStore(connection, origin.value)
        self.origin = origin

    async def append(self, kind: str, body: Mapping[str, Any], *, at: int) -> Appended:
        """Append one entry. `kind` is one of those in docs/ledger.md."""
        return (await self.append_many([(kind, body)], at=at))[0]

    async def append_many(self, entries: Sequence[tuple[str, Mapping[str, Any]]], *, at: int) -> list[Appended]:
        """Append entries in order, all at the instant `at`; far faster than one by one."""
        if not entries:
            return []
        await self._store.lock()
        newest = await self._store.last_hash()
        size, prev = (0, GENESIS) if newest is None else (newest[0] + 1, newest[1])
        frontier = Frontier(size, await self._hashes(perfect_nodes((0, size))))
        batch = await asyncio.to_thread(self._prepare, entries, at=at, prev=prev, frontier=frontier)
        await self._store.insert_entries(batch.rows)
        await self._store.insert_nodes(batch.nodes)
        return [Appended(row.seq, row.entry_hash) for row in batch.rows]

    def _prepare(self, entries: Sequence[tuple[str, Mapping[str, Any]]], *, at: int, prev: bytes, frontier: Frontier) -> _Batch:
        batch = _Batch([], [])
        for kind, body in entries:
            entry = Entry(ledger=self.origin.value, seq=frontier.size, kind=kind, at=at, prev=prev, body=body)
            text = entry.encode()
            prev = entry_hash(text)
            batch.rows.append(EntryRow(entry.seq, kind, at, text.decode(), prev))
            batch.nodes.extend(frontier.add(leaf_hash(text)))
        return batch

    async def size(self) -> int:
        """Return how many entries there are."""
        return await self._store.size()

    async def entry(self, seq: int) -> StoredEntry:
        """Return one entry; raises NotFoundError beyond the end."""
        row = await self._store.entry(seq)
        if row is None:
            message = f"The {self.origin.value} ledger has no entry {seq}; it has {await self.size():,} so far."
            raise NotFoundError(message)
        return _stored(row)

    async def entries(self, first: int, *, before: int) -> list[StoredEntry]:
        """Return the entries with first ≤ seq < before, in order."""
        return [_stored(row) for row in await self._store.entries(first, before=before)]

    async def root(self, tree_size: int) -> bytes:
        """Return the root hash of the tree over the first `tree_size` entries."""
        return (await self._roots([(0, tree_size)]))[0]

    async def inclusion_proof(self, seq: int, tree_size: int) -> list[bytes]:
        """Return the hashes that prove entry `seq` to be in the tree of the first `tree_size` entries, nearest first."""
        await self._must_hold(tree_size)
        return await self._roots(inclusion_ranges(seq, tree_size))

    async def consistency_proof(self, old_size: int, new_size: int) -> list[bytes]:
        """Return the hashes that prove the first `old_size` entries to be the same in the tree of `new_size`."""
        await self._must_hold(new_size)
        return await self._roots(consistency_ranges(old_size, new_size))

    async def checkpoint(self, signer: Signer, *, at: int) -> CheckpointRow:
        """Sign how the ledger stands and return the checkpoint; where nothing was added since the last one, return that.

        Raises IntegrityError when the last one was signed by another key: a record that changes its signer proves nothing.
        """
        await self._store.lock()
        size = await self.size()
        newest = await self._store.checkpoint()
        if newest is not None:
            self._check_signer(newest, signer)
            if newest.tree_size >= size:
                return newest
        signed = Checkpoint(origin_line(self.origin), size, await self.root(size))
        row = CheckpointRow(size, signed.root_hash, signed.sign(signer), at)
        await self._store.insert_checkpoint(row)
        return row

    def _check_signer(self, newest: CheckpointRow, signer: Signer) -> None:
        key = signer.verifier_key(origin_line(self.origin))
        try:
            Checkpoint.open(newest.note, keys=[key])
        except IntegrityError as e:
            message = (
                f"The {self.origin.value} ledger was signed by another key up to now than the one in SIGNING_KEY_FILE. "
                "Bring back the key that was there, from its backup; nothing is signed until then."
            )
            raise IntegrityError(message) from e

    async def newest_checkpoint(self) -> CheckpointRow | None:
        """Return the newest checkpoint, or None before the first."""
        return await self._store.checkpoint()

    async def checkpoints(self) -> list[CheckpointRow]:
        """Return all checkpoints, oldest first."""
        return await self._store.checkpoints()

    async def _must_hold(self, tree_size: int) -> None:
        size = await self.size()
        if tree_size > size:
            message = f"The {self.origin.value} ledger has {size:,} entries, not {tree_size:,}."
            raise NotFoundError(message)

    async def _roots(self, ranges: Sequence[Range]) -> list[bytes]:
        nodes = [node for leaves in ranges for node in perfect_nodes(leaves)]
        hashes = dict(zip(nodes, await self._hashes(nodes), strict=True))
        return [range_root(leaves, hashes.__getitem__) for leaves in ranges]

    async def _hashes(self, nodes: Sequence[Node]) -> list[bytes]:
        found = await self._store.nodes(nodes)
        missing = [node for node in nodes if node not in found]
        if missing:
            level, index = missing[0]
            message = f"The {self.origin.value} ledger's tree lacks the node at level {level}, index {index}; run: btcforecast ledger verify"
            raise IntegrityError(message)
        return [found[node] for node in nodes]


def _stored(row: EntryRow) -> StoredEntry:
    text = row.body.encode()
    return StoredEntry(Entry.parse(text), text, row.entry_hash)
