"""Verifies a ledger where it is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from btcforecast.core import Origin
from btcforecast.core.errors import IntegrityError
from btcforecast.forecasts.ledger.audit import LedgerAudit, unmet_witness
from btcforecast.forecasts.ledger.entries import entry_hash
from btcforecast.forecasts.ledger.layout import keys_of
from btcforecast.forecasts.ledger.merkle import node_hash
from btcforecast.forecasts.ledger.report import Fault, LedgerReport, Report, Teller
from btcforecast.store.database import Database
from btcforecast.store.ledger import EntryRow, LedgerStore


async def verify_stored(
    database: Database,
    *,
    origins: Sequence[Origin],
    public_key: bytes,
    is_pinned: bool = False,
    witnessed: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Check the ledgers in the database, entries after the newest checkpoint too, and return what was found."""
    reports: list[LedgerReport] = []
    async with database.read() as connection:
        stores = {origin: LedgerStore(connection, origin.value) for origin in origins}
        sizes = {origin: await store.size() for origin, store in stores.items()}
        unmet = unmet_witness(witnessed, audited=[origin for origin in origins if sizes[origin]])
        n_total = sum(sizes.values())
        for origin in origins:
            tell = Teller(on_progress, n_before=sum(report.n_entries for report in reports), n_total=n_total)
            if sizes[origin]:
                reports.append(await _verify(stores[origin], origin, sizes[origin], public_key, witnessed=witnessed, tell=tell))
    faults = [*unmet, *(fault for report in reports for fault in report.faults)]
    return Report(reports, faults, str(keys_of(public_key)[0]), is_pinned=is_pinned)


async def _verify(
    store: LedgerStore,
    origin: Origin,
    size: int,
    public_key: bytes,
    *,
    witnessed: str | None,
    tell: Teller,
) -> LedgerReport:
    loop = asyncio.get_running_loop()

    def recall(seq: int) -> bytes:
        # Called from the thread that audits, while the connection rests here.
        row = asyncio.run_coroutine_threadsafe(store.entry(seq), loop).result()
        if row is None:
            message = f"entry {seq} is missing"
            raise IntegrityError(message)
        return row.body.encode()

    leaves = await store.leaf_hashes(before=size)
    notes = [row.note for row in await store.checkpoints()]
    audit = LedgerAudit(origin, notes=notes, leaves=leaves, keys=keys_of(public_key), recall=recall, witnessed=witnessed)
    async for rows in store.pages(before=size):
        if not await asyncio.to_thread(_add_all, audit, rows):
            break
        tell(rows[-1].seq + 1)
    if audit.is_sound:
        await _check_nodes(store, audit, leaves)
    return audit.finish()


def _add_all(audit: LedgerAudit, rows: Sequence[EntryRow]) -> bool:
    for row in rows:
        text = row.body.encode()
        if not audit.add(text):
            return False
        if row.entry_hash != entry_hash(text):
            audit.report.faults.append(Fault(audit.report.ledger, "its stored hash is not the hash of its bytes", row.seq))
            return False
    return True


async def _check_nodes(store: LedgerStore, audit: LedgerAudit, leaves: list[bytes]) -> None:
    """Check the stored subtrees from which proofs are made: each must be the hash of the two below it."""
    below, level = leaves, 0
    while len(below) > 1:
        level += 1
        expected = await asyncio.to_thread(_parents, below)
        stored = await store.level_hashes(level, before=len(expected))
        if stored != expected:
            what = f"the stored tree is wrong at level {level}, so proofs would be too"
            audit.report.faults.append(Fault(audit.report.ledger, what))
            return
        below = expected


def _parents(nodes: list[bytes]) -> list[bytes]:
    return [node_hash(left, right) for left, right in zip(nodes[0::2], nodes[1::2], strict=False)]
