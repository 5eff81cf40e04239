"""Writes ledgers to files that can be checked without us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from btcforecast.core import Clock, Origin
from btcforecast.core.errors import ConflictError, InputError, NotFoundError
from btcforecast.forecasts.ledger import layout
from btcforecast.forecasts.ledger.canonical import canonical_json
from btcforecast.forecasts.ledger.merkle import leaf_hash
from btcforecast.forecasts.ledger.signer import Signer
from btcforecast.forecasts.ledger.signing import sign_ledgers
from btcforecast.store.database import Database
from btcforecast.store.ledger import CheckpointRow, EntryRow, LedgerStore


@dataclass(frozen=True, slots=True)
class Exported:
    """How much of each ledger was written."""

    folder: Path
    n_entries: dict[str, int]


async def export_ledgers(
    database: Database,
    folder: Path,
    *,
    origins: Sequence[Origin],
    signer: Signer,
    clock: Clock,
    on_progress: Callable[[int, int], None] | None = None,
) -> Exported:
    """Sign how the ledgers stand now and write all of it to an empty folder.

    on_progress is told entries written and entries in all. Raises ConflictError when the folder holds something, NotFoundError
    when no entry was ever appended.
    """
    await asyncio.to_thread(_must_be_free, folder)
    checkpoints = await sign_ledgers(database, signer, clock=clock, origins=origins)
    if not checkpoints:
        message = "The ledger is empty: there is nothing to export yet."
        raise NotFoundError(message)
    n_total, n_done = sum(newest.tree_size for newest in checkpoints.values()), 0
    for origin, newest in checkpoints.items():
        async with database.read() as connection:
            store = LedgerStore(connection, origin.value)
            writer = await asyncio.to_thread(_Writer, folder / origin.value)
            async for rows in store.pages(before=newest.tree_size):
                await asyncio.to_thread(writer.write, rows)
                n_done += len(rows)
                if on_progress is not None:
                    on_progress(n_done, n_total)
            writer.finish([row for row in await store.checkpoints() if row.tree_size <= newest.tree_size])
    await asyncio.to_thread(_seal, folder, signer)
    return Exported(folder, {origin.value: newest.tree_size for origin, newest in checkpoints.items()})


def _must_be_free(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"{folder} is not an empty folder; an export is never mixed with other files."
        raise ConflictError(message)


class _Writer:
    """Writes one ledger's files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True)
        except OSError as e:
            message = f"{folder} cannot be written: {e.strerror}."
            raise InputError(message) from e

    def write(self, rows: Sequence[EntryRow]) -> None:
        """Add entries, in order, each file up to its bound."""
        by_file: dict[int, list[bytes]] = {}
        for row in rows:
            by_file.setdefault(row.seq - row.seq % layout.ENTRIES_PER_FILE, []).append(row.body.encode())
        for first, texts in by_file.items():
            with (self._folder / f"entries-{first:012d}.jsonl").open("ab") as file:
                file.writelines(text + b"\n" for text in texts)
            with (self._folder / layout.LEAVES).open("ab") as file:
                file.writelines(leaf_hash(text).hex().encode() + b"\n" for text in texts)

    def finish(self, checkpoints: Sequence[CheckpointRow]) -> None:
        """Add the checkpoints, oldest first."""
        lines = b"".join(canonical_json(row.note) + b"\n" for row in checkpoints)
        (self._folder / layout.CHECKPOINTS).write_bytes(lines)
        (self._folder / layout.CHECKPOINT).write_bytes(checkpoints[-1].note.encode())


def _seal(folder: Path, signer: Signer) -> None:
    (folder / layout.README).write_text(layout.README_TEXT, "utf-8", newline="\n")
    (folder / layout.KEYS).write_text(layout.keys_text(layout.verifier_keys(signer)), "utf-8", newline="\n")
    text = layout.manifest_text(folder, layout.files_below(folder))
    (folder / layout.MANIFEST).write_text(signer.sign(text, name=layout.MANIFEST_NAME), "utf-8", newline="\n")
