"""`audit list|export|verify`: what was done about people and keys, and the proof that it is all there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from btcforecast.accounts.audit import entry_of, verify_audit
from btcforecast.accounts.people import find_person
from btcforecast.cli.context import notes, opened, out, print_json, run
from btcforecast.core import counted, from_rfc3339, to_rfc3339
from btcforecast.core.errors import ConflictError, IntegrityError
from btcforecast.store.audit import AuditStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from btcforecast.accounts.audit import AuditReport
    from btcforecast.store.audit import AuditRow

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="The audit log: search, export and verify it.", no_args_is_help=True)
    group.command("list")(list_entries)
    group.command()(export)
    group.command()(verify)
    app.add_typer(group, name="audit")


def list_entries(
    *,
    who: Annotated[str | None, typer.Option(help="By or about this person: an address of mail or an id.")] = None,
    actor: Annotated[str | None, typer.Option("--by", help="Only by this one: an id, “command line” or “anonymous”.")] = None,
    subject: Annotated[str | None, typer.Option("--about", help="Only about this person: an id.")] = None,
    network: Annotated[str | None, typer.Option(help="Only from addresses that begin so, while they are known.")] = None,
    result: Annotated[str | None, typer.Option(help="Only done, or only refused.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this action, such as key.created.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="Only entries at or after this instant.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Only entries before this instant.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most, the newest.", min=1, max=100_000)] = 50,
    json: JsonOption = False,
) -> None:
    """List entries, newest first.

    Example: [bold]btcforecast audit list --action key.refused --from 2026-01-01[/]
    """
    wanted = {"actor": actor, "subject": subject, "network": network, "action": action, "result": result}
    found = run(_list(who, wanted, since, until, limit))
    if json:
        print_json([entry_of(row) for row in found])
        return
    if not found:
        notes.print("There is no such entry.")
        return
    table = Table()
    for heading in ("Entry", "At", "Who", "From", "Did", "About", "Result"):
        table.add_column(heading, overflow="fold")
    for row in found:
        place = entry_of(row)["network"] or ""
        table.add_row(str(row.seq), to_rfc3339(row.at), row.actor, place, row.action, row.subject or "", row.result)
    out.print(table)


def export(
    file: Annotated[Path, typer.Argument(help="A new file; one canonical JSON document a line, oldest first.")],
    *,
    json: JsonOption = False,
) -> None:
    """Write the whole log to a file. Each line's SHA-256 is what the next line names as `prev`.

    Example: [bold]btcforecast audit export audit.jsonl[/]
    """
    if file.exists():
        raise ConflictError(f"{file} exists already; choose a new file.")
    n_entries = run(_export(file))
    if json:
        print_json({"file": str(file), "n_entries": n_entries})
    else:
        notes.print(f"Wrote {counted(n_entries, 'entry', 'entries')} to {file}.", soft_wrap=True)


def verify(*, json: JsonOption = False) -> None:
    """Check every entry and the chain that binds them. Exit code 3: an entry is not what was written.

    A log that was cut short at its end is whole in itself: keep the last hash elsewhere and compare.

    Example: [bold]btcforecast audit verify[/]
    """
    found = run(_verify())
    if json:
        fault = None if found.fault is None else {"seq": found.fault.seq, "what": found.fault.what}
        print_json({"n_entries": found.n_entries, "last_hash": found.last_hash, "fault": fault})
    if found.fault is not None:
        raise IntegrityError(f"The audit log is not what was written, at entry {found.fault.seq}: {found.fault.what}.")
    if not json:
        out.print(
            f"{counted(found.n_entries, 'entry', 'entries')}, all as they were written. Last hash: {found.last_hash}",
            soft_wrap=True,
        )


async def _list(
    who: str | None, wanted: Mapping[str, str | None], since: str | None, until: str | None, limit: int
) -> list[AuditRow]:
    async with opened() as (_, database), database.read() as connection:
        # Somebody who was deleted is still named by id.
        person_id = who if who is None or "@" not in who else (await find_person(connection, who)).id
        return await AuditStore(connection).find(
            person_id=person_id,
            actor=wanted["actor"],
            subject=wanted["subject"],
            network=wanted["network"],
            action=wanted["action"],
            result=wanted["result"],
            since=None if since is None else from_rfc3339(since),
            until=None if until is None else from_rfc3339(until),
            limit=limit,
        )


async def _export(file: Path) -> int:
    n_entries = 0
    async with opened() as (_, database), database.read() as connection:
        draft = file.with_suffix(f"{file.suffix}.part")
        with draft.open("w", encoding="utf-8") as lines:
            async for rows in AuditStore(connection).pages():
                lines.writelines(f"{row.body}\n" for row in rows)
                n_entries += len(rows)
        draft.replace(file)
    return n_entries


async def _verify() -> AuditReport:
    async with opened() as (_, database), database.read() as connection:
        return await verify_audit(connection)
