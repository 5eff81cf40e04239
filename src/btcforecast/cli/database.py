"""`database migrate|grant`: what the owner of the tables does, so that the service can run as a role that may less."""

from __future__ import annotations

from typing import Annotated

import typer

from btcforecast.cli.context import notes, opened, run
from btcforecast.core.errors import InputError
from btcforecast.store.roles import grant_service


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="The tables, and who may change them.", no_args_is_help=True)
    group.command()(migrate)
    group.command()(grant)
    app.add_typer(group, name="database")


def migrate() -> None:
    """Bring the tables to this version. On PostgreSQL with a role of its own for the service: run it as their owner.

    Example: [bold]btcforecast database migrate[/]
    """
    run(_migrate())
    notes.print("The tables are those of this version.")


def grant(role: Annotated[str, typer.Argument(help="A role of PostgreSQL that exists, not the owner.")]) -> None:
    """Let a role run the service: read and write everything, but only add to the audit log. Run it as the tables' owner.

    Example: [bold]btcforecast database grant btcforecast_service[/]
    """
    run(_grant(role))
    notes.print(f"{role} can run the service, and can only read and add to the audit log.", soft_wrap=True)


async def _migrate() -> None:
    async with opened():
        pass


async def _grant(role: str) -> None:
    async with opened() as (_, database):
        if database.is_sqlite:
            raise InputError("SQLite has no roles; whoever can write its file can change everything in it.")
        async with database.transaction() as connection:
            await grant_service(connection, role)
