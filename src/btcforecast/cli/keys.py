"""`keys create|list|rotate|revoke|secret`: API keys of people, and the keys of the service itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from btcforecast.accounts import keys as acts
from btcforecast.accounts.encryption.rotation import Rotation, rotate_secrets
from btcforecast.accounts.encryption.secret_key import new_secret_key
from btcforecast.accounts.encryption.vault import Purpose
from btcforecast.accounts.people import find_person
from btcforecast.accounts.roles import ROLES, Permission, RoleName
from btcforecast.bootstrap import open_vault
from btcforecast.cli.context import notes, opened, out, print_json, run
from btcforecast.cli.users import BY_COMMAND, JsonOption, WhoArgument
from btcforecast.core import SystemClock, counted, parse_span, to_rfc3339
from btcforecast.core.errors import InputError
from btcforecast.store.people import PeopleStore

if TYPE_CHECKING:
    from btcforecast.store.people import KeyRow

KeyArgument = Annotated[str, typer.Argument(help="The key's id; see: btcforecast keys list WHO")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="API keys of people, and the keys with which the service signs and encrypts.", no_args_is_help=True)
    group.command("list")(list_keys)
    for command in (create, rotate, revoke, secret):
        group.command()(command)
    app.add_typer(group, name="keys")


def create(
    who: WhoArgument,
    *,
    name: Annotated[str, typer.Option(help="What tells it from their other keys.")],
    scope: Annotated[
        list[Permission] | None, typer.Option(help="May be given several times; none is enough to read open data.")
    ] = None,
    all_scopes: Annotated[bool, typer.Option("--all-scopes", help="Everything that the role may do.")] = False,
    days: Annotated[int, typer.Option(help="How long it counts.", min=1, max=acts.LONGEST_DAYS)] = acts.DEFAULT_DAYS,
    json: JsonOption = False,
) -> None:
    """Make a key and print it, this once.

    Example: [bold]btcforecast keys create ada@example.org --name laptop --scope account:read[/]
    """
    _print_made(*run(_create(who, name, scope or [], all_scopes=all_scopes, days=days)), json=json)


def list_keys(who: WhoArgument, *, json: JsonOption = False) -> None:
    """List a person's keys, newest first.

    Example: [bold]btcforecast keys list ada@example.org[/]
    """
    found = run(_list(who))
    if json:
        print_json([_as_dict(key) for key in found])
        return
    if not found:
        notes.print("There is no key.")
        return
    now = SystemClock().now()
    table = Table()
    for heading in ("Id", "Name", "Scopes", "Counts until", "Last used", ""):
        table.add_column(heading, overflow="fold")
    for key in found:
        state = "" if acts.is_counting(key, now) else "revoked" if key.revoked_at is not None else "expired"
        table.add_row(key.id, escape(key.name), key.scopes, _shown(key.expires_at), _shown(key.last_used_at) or "never", state)
    out.print(table)


def rotate(
    who: Annotated[
        str | None, typer.Argument(help="An address of mail, or a person's id; without it the service's own keys.")
    ] = None,
    key: Annotated[str | None, typer.Argument(help="The key's id; see: btcforecast keys list WHO")] = None,
    *,
    data: Annotated[bool, typer.Option("--data", help="Make a new key for encrypted data and encrypt all of it anew.")] = False,
    overlap: Annotated[str, typer.Option(help="How long the old one counts beside the new one, such as 1h or 7d.")] = "24h",
    json: JsonOption = False,
) -> None:
    """Make a key that takes another's place: of a person, or without WHO the one that signs access tokens, which logs nobody out.

    Example: [bold]btcforecast keys rotate ada@example.org 4fQ0c1xWmZ7a --overlap 1h[/]

    Example: [bold]btcforecast keys rotate --data[/]
    """
    if who is None:
        _print_rotated(run(_rotate_own("data" if data else "token")), json=json)
        return
    if key is None or data:
        raise InputError("Give a person and the key's id, or neither of them for the service's own keys.")
    _print_made(*run(_rotate(who, key, parse_span(overlap))), json=json)


def secret() -> None:
    """Print a good SECRET_KEY, which is stored nowhere.

    Example: [bold]btcforecast keys secret[/]
    """
    typer.echo(new_secret_key())


def revoke(who: WhoArgument, key: KeyArgument, *, json: JsonOption = False) -> None:
    """Make a key count for nothing, within a second everywhere.

    Example: [bold]btcforecast keys revoke ada@example.org 4fQ0c1xWmZ7a[/]
    """
    revoked = run(_revoke(who, key))
    if json:
        print_json(_as_dict(revoked))
    else:
        out.print(f"“{escape(revoked.name)}” ({revoked.id}): revoked.")


async def _create(who: str, name: str, scopes: list[Permission], *, all_scopes: bool, days: int) -> tuple[KeyRow, str]:
    async with opened() as (_, database), database.transaction() as connection:
        person = await find_person(connection, who)
        allowed = ROLES[RoleName(person.role)].permissions
        return await acts.create_key(
            connection,
            person.id,
            name=name,
            scopes=allowed if all_scopes else scopes,
            allowed=allowed,
            days=days,
            actor=BY_COMMAND,
            at=SystemClock().now(),
        )


async def _list(who: str) -> list[KeyRow]:
    async with opened() as (_, database), database.read() as connection:
        return await PeopleStore(connection).keys((await find_person(connection, who)).id)


async def _rotate(who: str, key_id: str, overlap_s: int) -> tuple[KeyRow, str]:
    async with opened() as (_, database), database.transaction() as connection:
        person = await find_person(connection, who)
        return await acts.rotate_key(
            connection,
            person.id,
            key_id,
            overlap_s=overlap_s,
            allowed=ROLES[RoleName(person.role)].permissions,
            actor=BY_COMMAND,
            at=SystemClock().now(),
        )


async def _revoke(who: str, key_id: str) -> KeyRow:
    async with opened() as (_, database), database.transaction() as connection:
        person = await find_person(connection, who)
        return await acts.revoke_key(connection, person.id, key_id, actor=BY_COMMAND, at=SystemClock().now())


async def _rotate_own(purpose: Purpose) -> Rotation:
    async with opened() as (settings, database):
        vault = open_vault(settings)
        return await rotate_secrets(database, vault, purpose, actor=BY_COMMAND, at=SystemClock().now())


def _print_rotated(done: Rotation, *, json: bool) -> None:
    if json:
        print_json(asdict(done))
    elif done.purpose == "token":
        out.print(f"New access tokens are signed with {done.key_id}; those that are out there count until they end.")
    else:
        out.print(f"{counted(done.n_encrypted, 'secret')} encrypted anew with {done.key_id}; the older key is dropped in a day.")


def _print_made(key: KeyRow, text: str, *, json: bool) -> None:
    if json:
        print_json({**_as_dict(key), "text": text})
        return
    notes.print(f"“{escape(key.name)}” counts until {_shown(key.expires_at)}. It is shown this once:")
    typer.echo(text)


def _shown(at: int | None) -> str:
    return "" if at is None else to_rfc3339(at)


def _as_dict(key: KeyRow) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": key.scopes.split(),
        "created_at": _shown(key.created_at),
        "expires_at": _shown(key.expires_at) or None,
        "last_used_at": _shown(key.last_used_at) or None,
        "revoked_at": _shown(key.revoked_at) or None,
        "replaced_by": key.replaced_by,
        "counts": acts.is_counting(key, SystemClock().now()),
    }
