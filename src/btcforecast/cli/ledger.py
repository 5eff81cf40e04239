"""`ledger status|show|prove|export|verify|key`: the record, and how anybody checks it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from btcforecast.cli.context import notes, opened, out, print_json, progress, run
from btcforecast.core import Origin, SystemClock, counted, to_rfc3339
from btcforecast.core.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from btcforecast.forecasts.ledger.report import Report

WRONG = 3
MOST = 2**53 - 1
"""Largest number that an entry may have, as in the canonical JSON and the API."""
OriginOption = Annotated[Origin, typer.Option("--ledger", help="live or replayed.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="The ledger of all forecasts: look into it, export it, verify it.", no_args_is_help=True)
    for command in (status, show, prove, export, verify, key):
        group.command()(command)
    app.add_typer(group, name="ledger")


def status(*, json: JsonOption = False) -> None:
    """Print how many entries each ledger has and what of it is signed.

    Example: [bold]btcforecast ledger status[/]
    """
    found = run(_status())
    if json:
        print_json(found)
        return
    from rich.table import Table

    table = Table("ledger", "entries", "signed up to", "signed at", "root hash of the newest checkpoint")
    for row in found:
        table.add_row(
            row["ledger"], f"{row['n_entries']:,}", f"{row['n_signed']:,}", row["signed_at"] or "–", row["root_hash"] or "–"
        )
    out.print(table)


def show(
    seq: Annotated[int, typer.Argument(help="The entry's number, from 0.", min=0, max=MOST)],
    *,
    origin: OriginOption = Origin.LIVE,
    json: JsonOption = False,
) -> None:
    """Print one entry; with --json exactly the bytes that are hashed.

    Example: [bold]btcforecast ledger show 0[/]
    """
    text, hashes = run(_show(origin, seq))
    if json:
        typer.echo(text)
        return
    from rich.json import JSON

    out.print(JSON(text))
    for name, value in hashes.items():
        out.print(f"{name}: {value}")


def prove(
    seq: Annotated[int, typer.Argument(help="The entry's number, from 0.", min=0, max=MOST)],
    *,
    origin: OriginOption = Origin.LIVE,
    size: Annotated[int | None, typer.Option(help="Tree size; otherwise that of the newest checkpoint.", min=1, max=MOST)] = None,
    since: Annotated[
        int | None, typer.Option(help="Prove too that the tree of this size is a part of that tree.", min=1, max=MOST)
    ] = None,
    json: JsonOption = False,
) -> None:
    """Print the proof that an entry is in the ledger, to be checked against a signed checkpoint (RFC 9162).

    Example: [bold]btcforecast ledger prove 17[/]
    """
    proof = run(_prove(origin, seq, size, since))
    if json:
        print_json(proof)
        return
    out.print(f"Entry {seq} of the {origin} ledger, leaf hash {proof['leaf_hash']},")
    out.print(f"is in the tree of {counted(proof['tree_size'], 'entry', 'entries')} with root {proof['root_hash']}, by:")
    for node in proof["inclusion_proof"]:
        out.print(f"  {node}")
    if since is not None:
        out.print(f"The tree of {counted(since, 'entry', 'entries')}, root {proof['old_root_hash']}, is a part of it, by:")
        for node in proof["consistency_proof"]:
            out.print(f"  {node}")
    if proof["checkpoint"]:
        out.print(f"\n{proof['checkpoint']}", soft_wrap=True)


def export(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    *,
    origin: Annotated[Origin | None, typer.Option("--ledger", help="live or replayed; otherwise both.")] = None,
    json: JsonOption = False,
) -> None:
    """Write the ledger to files that anybody can verify without this installation.

    Example: [bold]btcforecast ledger export /tmp/record && btcforecast ledger verify /tmp/record[/]
    """
    written = run(_export(folder, origin))
    if json:
        print_json({"folder": str(folder), "n_entries": written})
        return
    for name, n_entries in written.items():
        notes.print(f"Wrote {counted(n_entries, f'{name} entry', f'{name} entries')} to {folder / name}.")
    notes.print(f"Check them with: btcforecast ledger verify {folder}", soft_wrap=True)


def verify(
    folder: Annotated[Path | None, typer.Argument(help="An exported folder; otherwise the database is verified.")] = None,
    *,
    origin: Annotated[Origin | None, typer.Option("--ledger", help="live or replayed, in the database; otherwise both.")] = None,
    key: Annotated[
        str | None, typer.Option(help="The verifier key that must have signed, as text or as a file of such keys.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="A checkpoint that you kept from earlier and that must still be true.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compute chain, tree, signatures and scores again and name the first entry that is wrong.

    With a folder nothing but its files is read. Exit code 3 when something is wrong.

    Example: [bold]btcforecast ledger verify /tmp/record --key btcforecast/live+1a2b3c4d+AX…[/]
    """
    public_key = None if key is None else _public_key(key)
    witnessed = None if checkpoint is None else _read_text(checkpoint)
    with progress() as bar:
        task = bar.add_task("Verifying", total=None)

        def tell(n_done: int, n_total: int) -> None:
            bar.update(task, completed=n_done, total=n_total)

        report = (
            run(_verify_stored(origin, public_key, witnessed, tell))
            if folder is None
            else _verify_files(folder, public_key, witnessed, tell)
        )
    if json:
        print_json(report.as_json())
    else:
        _print_report(report)
    if not report.is_sound:
        raise typer.Exit(WRONG)


def key(*, json: JsonOption = False) -> None:
    """Print the public keys that sign ledgers and exports, to be published where others can find them.

    Example: [bold]btcforecast ledger key > KEYS.txt[/]
    """
    from btcforecast.bootstrap import open_signer
    from btcforecast.forecasts.ledger.layout import verifier_keys
    from btcforecast.settings import load_settings

    keys = [str(key) for key in verifier_keys(open_signer(load_settings()))]
    if json:
        print_json(keys)
        return
    for text in keys:
        typer.echo(text)


async def _status() -> list[dict[str, Any]]:
    from btcforecast.forecasts.ledger import Ledger

    rows: list[dict[str, Any]] = []
    async with opened() as (_, database), database.read() as connection:
        for origin in Origin:
            ledger = Ledger(connection, origin)
            newest = await ledger.newest_checkpoint()
            rows.append(
                {
                    "ledger": origin.value,
                    "n_entries": await ledger.size(),
                    "n_signed": newest.tree_size if newest else 0,
                    "signed_at": to_rfc3339(newest.signed_at) if newest else None,
                    "root_hash": newest.root_hash.hex() if newest else None,
                }
            )
    return rows


async def _show(origin: Origin, seq: int) -> tuple[str, dict[str, str]]:
    from btcforecast.forecasts.ledger import Ledger

    async with opened() as (_, database), database.read() as connection:
        entry = await Ledger(connection, origin).entry(seq)
    return entry.text.decode(), {"entry hash": entry.entry_hash.hex(), "leaf hash": entry.leaf_hash.hex()}


async def _prove(origin: Origin, seq: int, size: int | None, since: int | None) -> dict[str, Any]:
    from btcforecast.forecasts.ledger import Ledger

    async with opened() as (_, database), database.read() as connection:
        ledger = Ledger(connection, origin)
        newest = await ledger.newest_checkpoint()
        if size is None and newest is None:
            message = "There is no signed checkpoint yet; give --size, or wait until the service has signed one."
            raise NotFoundError(message)
        tree_size = size if size is not None else newest.tree_size if newest else 0
        proof = [node.hex() for node in await ledger.inclusion_proof(seq, tree_size)]
        found: dict[str, Any] = {
            "ledger": origin.value,
            "seq": seq,
            "leaf_hash": (await ledger.entry(seq)).leaf_hash.hex(),
            "tree_size": tree_size,
            "root_hash": (await ledger.root(tree_size)).hex(),
            "inclusion_proof": proof,
            "checkpoint": newest.note if newest is not None and newest.tree_size == tree_size else None,
        }
        if since is not None:
            found["old_size"] = since
            found["consistency_proof"] = [node.hex() for node in await ledger.consistency_proof(since, tree_size)]
            found["old_root_hash"] = (await ledger.root(since)).hex()
    return found


async def _export(folder: Path, origin: Origin | None) -> dict[str, int]:
    from btcforecast.bootstrap import open_signer
    from btcforecast.forecasts.ledger.export import export_ledgers

    async with opened() as (settings, database):
        with progress() as bar:
            task = bar.add_task("Exporting", total=None)
            exported = await export_ledgers(
                database,
                folder,
                origins=_origins(origin),
                signer=open_signer(settings),
                clock=SystemClock(),
                on_progress=lambda n_done, n_total: bar.update(task, completed=n_done, total=n_total),
            )
    return exported.n_entries


async def _verify_stored(
    origin: Origin | None, public_key: bytes | None, witnessed: str | None, tell: Callable[[int, int], None]
) -> Report:
    from btcforecast.forecasts.ledger import Signer
    from btcforecast.forecasts.ledger.layout import MANIFEST_NAME
    from btcforecast.forecasts.ledger.stored import verify_stored

    async with opened() as (settings, database):
        trusted = public_key or Signer.load(settings.signing_key_file).verifier_key(MANIFEST_NAME).public_key
        verifying: Awaitable[Report] = verify_stored(
            database,
            origins=_origins(origin),
            public_key=trusted,
            is_pinned=True,
            witnessed=witnessed,
            on_progress=tell,
        )
        return await verifying


def _verify_files(folder: Path, public_key: bytes | None, witnessed: str | None, tell: Callable[[int, int], None]) -> Report:
    from btcforecast.forecasts.ledger.files import verify_files

    return verify_files(folder, public_key=public_key, witnessed=witnessed, on_progress=tell)


def _origins(origin: Origin | None) -> list[Origin]:
    return list(Origin) if origin is None else [origin]


def _public_key(text: str) -> bytes:
    from btcforecast.forecasts.ledger import VerifierKey

    if "+" not in text:
        path = Path(text)
        if not path.exists():
            message = f"“{text}” is not a key, which is written NAME+keyid+base64, and there is no file of that name."
            raise InputError(message)
        text = _read_text(path).partition("\n")[0]
    return VerifierKey.parse(text).public_key


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError as e:
        message = f"There is no file {path}."
        raise InputError(message) from e
    except (OSError, UnicodeDecodeError) as e:
        message = f"{path} cannot be read as text."
        raise InputError(message) from e


def _print_report(report: Report) -> None:
    for fault in report.faults:
        out.print(f"[bold red]Wrong:[/] {escape(str(fault))}", soft_wrap=True)
    for ledger in report.ledgers:
        mark = "[green]sound[/]" if not ledger.faults else "[red]wrong[/]"
        out.print(
            f"{ledger.ledger}: {mark}; {counted(ledger.n_entries, 'entry', 'entries')}, {ledger.n_signed:,} of them signed, "
            f"{counted(ledger.n_checkpoints, 'checkpoint')}, {counted(ledger.n_forecasts, 'forecast')}, "
            f"{counted(ledger.n_scores, 'score')} and {counted(ledger.n_answers, 'answer')} computed again",
            soft_wrap=True,
        )
    if not report.ledgers and report.is_sound:
        out.print("The ledgers are empty.")
    if not report.is_pinned and report.key is not None:
        notes.print(f"Signed by {report.key}; compare it with the published key, or give it as --key.", soft_wrap=True)
