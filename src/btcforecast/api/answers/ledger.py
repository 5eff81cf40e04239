"""The ledger as it is shown."""

from __future__ import annotations

from btcforecast.api.schemas.ledger import Checkpoint, ConsistencyProof, Entry, EntryList, InclusionProof, LedgerState
from btcforecast.api.service import Service
from btcforecast.api.text import ParameterError, numbered_cursor
from btcforecast.core import Origin, counted, to_rfc3339
from btcforecast.core.errors import NotFoundError
from btcforecast.forecasts.ledger import Ledger, StoredEntry
from btcforecast.store.ledger import CheckpointRow, LedgerStore


async def state(service: Service, origin: Origin) -> LedgerState:
    """Return size, newest checkpoint and public key."""
    async with service.database.read() as connection:
        ledger = Ledger(connection, origin)
        size, row = await ledger.size(), await ledger.newest_checkpoint()
    return LedgerState(
        ledger=origin,
        size=size,
        checkpoint=None if row is None else shown_checkpoint(origin, row),
        verifier_key=await service.verifier_key(origin),
    )


async def page(service: Service, origin: Origin, *, newest_first: bool, cursor: str | None, limit: int) -> EntryList:
    """Return entries in either order; the cursor is the position to go on from."""
    async with service.database.read() as connection:
        ledger = Ledger(connection, origin)
        size = await ledger.size()
        place = numbered_cursor(cursor)
        if newest_first:
            before = size if place is None else min(place, size)
            first = max(0, before - limit)
            found = list(reversed(await ledger.entries(first, before=before)))
            following = first if first > 0 else None
        else:
            first = place or 0
            before = min(first + limit, size)
            found = await ledger.entries(first, before=before)
            following = before if before < size else None
    entries = [shown_entry(entry) for entry in found]
    return EntryList(ledger=origin, size=size, entries=entries, next_cursor=None if following is None else str(following))


async def entry(service: Service, origin: Origin, seq: int) -> Entry:
    """Return one entry."""
    async with service.database.read() as connection:
        return shown_entry(await Ledger(connection, origin).entry(seq))


async def inclusion(service: Service, origin: Origin, *, seq: int, tree_size: int | None) -> InclusionProof:
    """Return the proof that the entry is in the tree of that size, or of the newest checkpoint."""
    async with service.database.read() as connection:
        ledger = Ledger(connection, origin)
        row = await LedgerStore(connection, str(origin)).checkpoint(at_most=tree_size)
        if tree_size is None:
            if row is None:
                raise NotFoundError(
                    f"The {origin} ledger has no checkpoint yet; give tree_size for a proof against an unsigned tree."
                )
            tree_size = row.tree_size
        if seq >= tree_size:
            raise ParameterError(
                "seq", f"Entry {seq} is not in a tree of {counted(tree_size, 'entry', 'entries')}, numbered numbered from zero."
            )
        return await _inclusion(ledger, await ledger.entry(seq), tree_size=tree_size, row=row)


async def newest_inclusion(ledger: Ledger, stored: StoredEntry) -> InclusionProof | None:
    """Return the proof against the newest checkpoint, or None while none covers the entry."""
    row = await ledger.newest_checkpoint()
    if row is None or row.tree_size <= stored.entry.seq:
        return None
    return await _inclusion(ledger, stored, tree_size=row.tree_size, row=row)


async def consistency(service: Service, origin: Origin, *, old_size: int, new_size: int) -> ConsistencyProof:
    """Return the proof that the tree only grew."""
    if old_size > new_size:
        raise ParameterError("old", f"The old tree ({old_size}) cannot be larger than the new one ({new_size}).")
    async with service.database.read() as connection:
        ledger = Ledger(connection, origin)
        hashes = await ledger.consistency_proof(old_size, new_size)
        return ConsistencyProof(
            ledger=origin,
            old_size=old_size,
            new_size=new_size,
            old_root_hash=(await ledger.root(old_size)).hex(),
            new_root_hash=(await ledger.root(new_size)).hex(),
            hashes=[node.hex() for node in hashes],
        )


def shown_entry(stored: StoredEntry) -> Entry:
    """Return the entry as it is shown."""
    return Entry(
        seq=stored.entry.seq,
        kind=stored.entry.kind,
        appended_at=to_rfc3339(stored.entry.at),
        text=stored.text.decode(),
        entry_hash=stored.entry_hash.hex(),
        leaf_hash=stored.leaf_hash.hex(),
    )


def shown_checkpoint(origin: Origin, row: CheckpointRow) -> Checkpoint:
    """Return the checkpoint as it is shown."""
    return Checkpoint(
        ledger=origin,
        tree_size=row.tree_size,
        root_hash=row.root_hash.hex(),
        note=row.note,
        signed_at=to_rfc3339(row.signed_at),
    )


async def _inclusion(ledger: Ledger, stored: StoredEntry, *, tree_size: int, row: CheckpointRow | None) -> InclusionProof:
    hashes = await ledger.inclusion_proof(stored.entry.seq, tree_size)
    is_signed = row is not None and row.tree_size == tree_size
    return InclusionProof(
        ledger=ledger.origin,
        seq=stored.entry.seq,
        tree_size=tree_size,
        leaf_hash=stored.leaf_hash.hex(),
        root_hash=(await ledger.root(tree_size)).hex(),
        hashes=[node.hex() for node in hashes],
        checkpoint=shown_checkpoint(ledger.origin, row) if row is not None and is_signed else None,
    )
