"""`mail list|send-test|retry|deliver`: letters that wait, were sent or given up, and the way they go."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import typer
from rich.table import Table

from btcforecast.accounts.audit import AuditLog
from btcforecast.accounts.mail.letters import Letter
from btcforecast.accounts.mail.route import route_of, sender_of
from btcforecast.accounts.people import email_of
from btcforecast.cli.context import notes, opened, out, print_json, run
from btcforecast.cli.users import BY_COMMAND, JsonOption
from btcforecast.core import SystemClock, to_rfc3339
from btcforecast.core.errors import ConflictError, NotFoundError, SettingsError, UnavailableError
from btcforecast.settings import load_settings
from btcforecast.store.mail import MailRow, MailState, MailStore
from btcforecast.telemetry.logs import configure_logs

_NOWHERE = "MAIL_URL is empty, so there is nowhere to send mail; set it, such as smtp://user:password@host:587."


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Letters to people: what waits, what failed, and whether mail arrives.", no_args_is_help=True)
    group.command("list")(list_letters)
    for command in (send_test, retry, deliver):
        group.command(command.__name__.replace("_", "-"))(command)
    app.add_typer(group, name="mail")


def list_letters(
    *,
    state: Annotated[MailState | None, typer.Option(help="Only letters that are like this.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most, the newest.", min=1, max=100_000)] = 50,
    json: JsonOption = False,
) -> None:
    """List letters, newest first, addresses masked. What they say is shown to nobody but their readers.

    Example: [bold]btcforecast mail list --state failed[/]
    """
    found = run(_list(state, limit))
    if json:
        print_json([_as_dict(row) for row in found])
        return
    if not found:
        notes.print("There is no letter." if state is None else "There is no letter like that.")
        return
    table = Table()
    for heading in ("Id", "Kind", "To", "Written", "State", "Tries", "Due", "Last error"):
        table.add_column(heading, overflow="fold")
    for row in found:
        shown = _as_dict(row)
        names = ("id", "kind", "to", "created_at", "state", "n_tries", "due_at", "last_error")
        table.add_row(*(str(shown[name] if shown[name] is not None else "") for name in names))
    out.print(table)


def send_test(address: Annotated[str, typer.Argument(help="Whose letter it is to be.")]) -> None:
    """Send a letter now, past the queue, and say what went wrong where it does.

    Example: [bold]btcforecast mail send-test ada@example.org[/]
    """
    way = run(_send_test(email_of(address)[0]))
    out.print(f"Sent, to {way}." if way.startswith("files") else f"Sent: {way} took it.", soft_wrap=True)


def retry(
    letter: Annotated[str, typer.Argument(help="The letter's id; see: btcforecast mail list")], *, json: JsonOption = False
) -> None:
    """Make a letter due that waits or was given up. It is given up again at its next failure when it is older than two days.

    Example: [bold]btcforecast mail retry m_4fa1c09be27d5c3a9f10b2c4[/]
    """
    row = run(_retry(letter))
    if json:
        print_json(_as_dict(row))
    else:
        out.print(f"{row.id} ({row.kind}) is due; the next worker sends it.")


def deliver() -> None:
    """Send mail and nothing else until stopped, for a machine of its own. Every worker sends mail anyway.

    Example: [bold]btcforecast mail deliver[/]
    """
    from btcforecast.worker.service import run_delivery

    settings = load_settings()
    configure_logs(level=settings.log_level, as_json=settings.log_format == "json")
    run(run_delivery(settings))


async def _list(state: MailState | None, limit: int) -> list[MailRow]:
    async with opened() as (_, database), database.read() as connection:
        return await MailStore(connection).letters(state=state, limit=limit)


async def _send_test(to: str) -> str:
    from btcforecast.worker.mail import Letters, NotCarriedError, carrier_for

    settings = load_settings()
    sender, route, now = sender_of(settings.mail_from), route_of(settings.mail_address), SystemClock().now()
    if route is None:
        raise SettingsError(_NOWHERE)
    letter_id = f"m_{secrets.token_hex(12)}"
    facts = {"at": to_rfc3339(now)}
    message = Letters(sender, settings.public_url).write(Letter.TEST, facts, letter_id=letter_id, to=to, at=now)
    try:
        async with carrier_for(route, greets_as=sender.domain).carry(message):
            return str(route)
    except NotCarriedError as e:
        words = f" It says: {e.words}" if e.words else ""
        raise UnavailableError(f"Not sent by {route}. {e}{words}") from e


async def _retry(letter_id: str) -> MailRow:
    now = SystemClock().now()
    async with opened() as (_, database), database.transaction() as connection:
        store = MailStore(connection)
        row = await store.letter(letter_id)
        if row is None:
            raise NotFoundError(f"There is no letter “{letter_id[:40]}”.")
        if row.state == "sent":
            raise ConflictError(f"{row.id} was sent at {to_rfc3339(row.sent_at or 0)}; what it said is kept nowhere.")
        await store.retry(row.id, at=now)
        await AuditLog(connection).record(
            "mail.retried", actor=BY_COMMAND, at=now, subject=row.person_id, facts={"letter": row.id}
        )
        return await store.letter(letter_id) or row


def _masked(address: str) -> str:
    """Return enough of an address to know one's own by."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"


def _shown(at: int | None) -> str | None:
    return None if at is None else to_rfc3339(at)


def _as_dict(row: MailRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "to": _masked(row.to_address),
        "state": row.state,
        "n_tries": row.n_tries,
        "created_at": _shown(row.created_at),
        "due_at": _shown(row.due_at) if row.state == "waiting" else None,
        "sent_at": _shown(row.sent_at),
        "failed_at": _shown(row.failed_at),
        "last_error": row.last_error,
    }
