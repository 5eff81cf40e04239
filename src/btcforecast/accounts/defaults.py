"""People with passwords that everybody can read: for trying things out, and for nothing else."""

from __future__ import annotations

from typing import Final

from btcforecast.accounts.audit import COMMAND_LINE, Actor
from btcforecast.accounts.identity import Identity
from btcforecast.accounts.people import add_person
from btcforecast.accounts.roles import RoleName
from btcforecast.core.errors import SettingsError
from btcforecast.store.database import Database
from btcforecast.store.people import PeopleStore

DEFAULT_PEOPLE: Final = {role: (f"{role}@example.org", f"development {role} of btcforecast") for role in RoleName}
"""Address and password by role."""


async def add_default_people(identity: Identity, *, at: int) -> list[str]:
    """Add one person of each role, where their address is free, and return the addresses of those that were added."""
    added = []
    for role, (email, password) in DEFAULT_PEOPLE.items():
        password_hash = await identity.passwords.hash(password)
        async with identity.database.transaction() as connection:
            store = PeopleStore(connection)
            if await store.person(email_key=email) is not None:
                continue
            person = await add_person(
                connection, email=email, name=role.capitalize(), role=role, actor=Actor(COMMAND_LINE), at=at
            )
            values = {"password_hash": password_hash, "password_changed_at": at, "email_verified_at": at}
            await store.change(person.id, **values, password_is_default=True)
            added.append(email)
    return added


async def refuse_default_people(database: Database) -> None:
    """Raise SettingsError where somebody has a password that everybody can read."""
    async with database.read() as connection:
        found = await PeopleStore(connection).with_default_password()
    if found:
        raise SettingsError(
            f"{', '.join(person.email for person in found)}: made by CREATE_DEFAULT_USERS, with passwords that everybody can read. "
            "Delete them before this database is used for real: btcforecast users delete ADDRESS"
        )
