"""`users create-admin|add|list|role|plan|usage|disable|enable|delete|password|address|unlock|log-out|reset-second-factor`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from sys import stdin
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from btcforecast.accounts import people as acts
from btcforecast.accounts.audit import COMMAND_LINE, Actor
from btcforecast.accounts.identity import Identity
from btcforecast.accounts.login import credentials
from btcforecast.accounts.login.registration import invite
from btcforecast.accounts.login.sessions import end_sessions
from btcforecast.accounts.plans import PlanName
from btcforecast.accounts.roles import RoleName
from btcforecast.accounts.second_factor import state as factors
from btcforecast.bootstrap import open_identity
from btcforecast.cli.context import notes, opened, out, print_json, run
from btcforecast.core import SystemClock, to_rfc3339
from btcforecast.store.people import PeopleStore, PersonRow
from btcforecast.store.usage import KEPT_S, UsageRow, UsageStore

BY_COMMAND = Actor(COMMAND_LINE)
WhoArgument = Annotated[str, typer.Argument(help="An address of mail, or a person's id.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Who has an account, and what they may do.", no_args_is_help=True)
    group.command("create-admin")(create_admin)
    group.command("list")(list_people)
    group.command("log-out")(log_out)
    group.command("reset-second-factor")(reset_second_factor)
    for command in (add, role, plan, usage, disable, enable, delete, password, address, unlock):
        group.command()(command)
    app.add_typer(group, name="users")


def create_admin(
    email: Annotated[str, typer.Argument(help="Their address of mail.")],
    *,
    name: Annotated[str, typer.Option(help="What they are called.")] = "",
    json: JsonOption = False,
) -> None:
    """Add an administrator, who may do everything; the first one is made like this.

    Example: [bold]btcforecast users create-admin ada@example.org[/]
    """
    person = run(_add(email, name, RoleName.ADMINISTRATOR))
    _say(person, "added", json=json)
    if not json:
        notes.print(f"Give them a password: btcforecast users password {escape(person.email)}", soft_wrap=True)
        notes.print(f"or a key: btcforecast keys create {escape(person.email)} --name first --all-scopes", soft_wrap=True)


def add(
    email: Annotated[str, typer.Argument(help="Their address of mail.")],
    *,
    name: Annotated[str, typer.Option(help="What they are called.")] = "",
    role: Annotated[RoleName, typer.Option(help="What they may do; docs/accounts.md has the table.")] = RoleName.READER,
    json: JsonOption = False,
) -> None:
    """Add a person.

    Example: [bold]btcforecast users add grace@example.org --role analyst[/]
    """
    _say(run(_add(email, name, role)), "added", json=json)


def list_people(
    *,
    text: Annotated[str | None, typer.Option(help="Only those with this in address or name.")] = None,
    role: Annotated[RoleName | None, typer.Option(help="Only people of this role.")] = None,
    json: JsonOption = False,
) -> None:
    """List the people with accounts.

    Example: [bold]btcforecast users list --role administrator[/]
    """
    found = run(_list(text, role))
    if json:
        print_json([_as_dict(person) for person in found])
        return
    if not found:
        notes.print("There is nobody." if text is None and role is None else "There is nobody like that.")
        return
    table = Table()
    for heading in ("Id", "Address", "Name", "Role", "Plan", "Since", "Disabled"):
        table.add_column(heading, overflow="fold")
    for person in found:
        disabled = "" if person.disabled_at is None else to_rfc3339(person.disabled_at)
        table.add_row(
            person.id,
            escape(person.email),
            escape(person.name),
            person.role,
            person.plan,
            to_rfc3339(person.created_at),
            disabled,
        )
    out.print(table)


def role(who: WhoArgument, role: Annotated[RoleName, typer.Argument(help="The new role.")], *, json: JsonOption = False) -> None:
    """Give a person another role. It takes effect within a second.

    Example: [bold]btcforecast users role grace@example.org operator[/]
    """
    _say(
        run(_change(who, lambda connection, person_id, **more: acts.set_role(connection, person_id, role, **more))),
        "changed",
        json=json,
    )


def plan(who: WhoArgument, plan: Annotated[PlanName, typer.Argument(help="The new plan.")], *, json: JsonOption = False) -> None:
    """Give a person another plan, which says how much they may ask. It takes effect within a second.

    Example: [bold]btcforecast users plan grace@example.org pro[/]
    """
    _say(
        run(_change(who, lambda connection, person_id, **more: acts.set_plan(connection, person_id, plan, **more))),
        "changed",
        json=json,
    )


def usage(who: WhoArgument, *, json: JsonOption = False) -> None:
    """Show what a person has asked in the last 30 days, by day and key.

    Example: [bold]btcforecast users usage grace@example.org[/]
    """
    found = run(_usage(who))
    if json:
        print_json(
            [{"day": _day(row), "key": row.key_id or None, "n_requests": row.n_requests, "cost": row.cost} for row in found]
        )
        return
    if not found:
        notes.print("Nothing was asked in the last 30 days.")
        return
    table = Table()
    for heading in ("Day", "Key", "Requests", "Cost"):
        table.add_column(heading)
    for row in found:
        table.add_row(_day(row), row.key_id or "sessions", f"{row.n_requests:,}", f"{row.cost:,}")
    out.print(table)


def disable(who: WhoArgument, *, json: JsonOption = False) -> None:
    """Make all keys of a person count for nothing until they are enabled again.

    Example: [bold]btcforecast users disable grace@example.org[/]
    """
    _say(run(_change(who, acts.disable)), "disabled", json=json)


def enable(who: WhoArgument, *, json: JsonOption = False) -> None:
    """Let a person's keys count again.

    Example: [bold]btcforecast users enable grace@example.org[/]
    """
    _say(run(_change(who, acts.enable)), "enabled", json=json)


def delete(
    who: WhoArgument, *, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, json: JsonOption = False
) -> None:
    """Delete a person and everything that is theirs; the audit log keeps their random id.

    Example: [bold]btcforecast users delete grace@example.org[/]
    """
    if not yes:
        typer.confirm(f"Delete {who} with all keys?", abort=True, err=True)
    _say(run(_change(who, acts.delete_person)), "deleted", json=json)


def password(who: WhoArgument, *, json: JsonOption = False) -> None:
    """Set a person's password, asked for or read from standard input, and end their sessions. Needs no mail.

    Example: [bold]btcforecast users password ada@example.org[/]
    """
    text = (
        typer.prompt("New password", hide_input=True, confirmation_prompt=True, err=True) if stdin.isatty() else stdin.readline()
    )
    _say(run(_with_identity(who, partial(_set_password, password=text.rstrip("\r\n")))), "has a new password", json=json)


def address(
    who: WhoArgument, email: Annotated[str, typer.Argument(help="The new address of mail.")], *, json: JsonOption = False
) -> None:
    """Give a person another address, which counts as verified; the old one is told where mail can be sent.

    Example: [bold]btcforecast users address ada@example.org ada@example.com[/]
    """
    _say(run(_with_identity(who, partial(_set_address, email=email))), "has a new address", json=json)


def unlock(who: WhoArgument, *, json: JsonOption = False) -> None:
    """End the lock that failed log-ins have brought, and forget them.

    Example: [bold]btcforecast users unlock ada@example.org[/]
    """
    _say(run(_with_identity(who, _unlock)), "unlocked", json=json)


def log_out(who: WhoArgument, *, json: JsonOption = False) -> None:
    """End all sessions of a person, within a second everywhere. Their keys stay.

    Example: [bold]btcforecast users log-out ada@example.org[/]
    """
    _say(run(_change(who, end_sessions)), "logged out", json=json)


def reset_second_factor(who: WhoArgument, *, json: JsonOption = False) -> None:
    """Remove a person's authenticator app, recovery codes and passkeys, for somebody who has lost them all. They get a letter.

    Example: [bold]btcforecast users reset-second-factor ada@example.org[/]
    """
    _say(run(_with_identity(who, _reset_second_factor)), "logs in with a password alone", json=json)


async def _add(email: str, name: str, role: RoleName) -> PersonRow:
    async with opened() as (settings, database):
        identity, now = open_identity(settings, database), SystemClock().now()
        await identity.vault.load(database, at=now)
        async with database.transaction() as connection:
            person = await acts.add_person(connection, email=email, name=name, role=role, actor=BY_COMMAND, at=now)
            await invite(identity, connection, person, actor=BY_COMMAND, at=now)
            return person


async def _with_identity(who: str, act: Callable[[Identity, PersonRow], Awaitable[None]]) -> PersonRow:
    async with opened() as (settings, database):
        identity = open_identity(settings, database)
        await identity.vault.load(database, at=SystemClock().now())
        async with database.read() as connection:
            person = await acts.find_person(connection, who)
        await act(identity, person)
        async with database.read() as connection:
            return await acts.find_person(connection, person.id)


async def _set_password(identity: Identity, person: PersonRow, *, password: str) -> None:
    await credentials.change_password(identity, person, password, actor=BY_COMMAND, at=SystemClock().now())


async def _set_address(identity: Identity, person: PersonRow, *, email: str) -> None:
    async with identity.database.transaction() as connection:
        await credentials.set_address(identity, connection, person, email, actor=BY_COMMAND, at=SystemClock().now())


async def _unlock(identity: Identity, person: PersonRow) -> None:
    async with identity.database.transaction() as connection:
        await credentials.unlock_person(identity, connection, person, actor=BY_COMMAND, at=SystemClock().now())


async def _reset_second_factor(identity: Identity, person: PersonRow) -> None:
    async with identity.database.transaction() as connection:
        await factors.reset_second_factor(identity, connection, person, actor=BY_COMMAND, at=SystemClock().now())


async def _list(text: str | None, role: RoleName | None) -> list[PersonRow]:
    async with opened() as (_, database), database.read() as connection:
        return await PeopleStore(connection).find(text=text, role=role, after=None, limit=1_000_000)


async def _usage(who: str) -> list[UsageRow]:
    async with opened() as (_, database), database.read() as connection:
        person = await acts.find_person(connection, who)
        return await UsageStore(connection).days(person.id, since=SystemClock().now() - KEPT_S)


def _day(row: UsageRow) -> str:
    return to_rfc3339(row.day)[:10]


async def _change(who: str, act: Any) -> PersonRow:
    async with opened() as (_, database), database.transaction() as connection:
        person = await acts.find_person(connection, who)
        changed = await act(connection, person.id, actor=BY_COMMAND, at=SystemClock().now())
        return changed if isinstance(changed, PersonRow) else person


def _say(person: PersonRow, done: str, *, json: bool) -> None:
    if json:
        print_json(_as_dict(person))
    else:
        out.print(f"{escape(person.email)} ({person.id}), {person.role}: {done}.", soft_wrap=True)


def _as_dict(person: PersonRow) -> dict[str, Any]:
    return {
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "role": person.role,
        "plan": person.plan,
        "created_at": to_rfc3339(person.created_at),
        "disabled_at": None if person.disabled_at is None else to_rfc3339(person.disabled_at),
    }
