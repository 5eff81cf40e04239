"""People and roles (USR-1, USR-3)."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.accounts.audit import Actor
from btcforecast.accounts.people import add_person, delete_person, disable, email_of, find_person, set_role
from btcforecast.accounts.roles import ROLES, Permission, RoleName
from btcforecast.core.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from btcforecast.store.database import Database
from btcforecast.store.people import PeopleStore, PersonRow

NOW = 1_764_547_200
ACTOR = Actor("command line")
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For rules that do not depend on the database."""


async def add(database: Database, email: str, role: RoleName = RoleName.READER) -> PersonRow:
    async with database.transaction() as connection:
        return await add_person(connection, email=email, role=role, actor=ACTOR, at=NOW)


async def test_a_person_is_found_by_id_and_by_any_spelling_of_the_address(database: Database):
    added = await add(database, " Ada@Example.ORG ")
    assert added.email == "Ada@example.org"
    async with database.read() as connection:
        assert await find_person(connection, added.id) == added
        assert await find_person(connection, "ADA@example.org") == added
        with pytest.raises(NotFoundError, match="nobody"):
            await find_person(connection, "eve@example.org")


async def test_an_address_is_taken_however_it_is_written(database: Database):
    await add(database, "ada@example.org")
    with pytest.raises(ConflictError, match="already"):
        await add(database, "ADA@EXAMPLE.org")
    with pytest.raises(ConflictError, match="already"):
        await add(database, "ada@example.org")  # full-width letters


@pytest.mark.parametrize(
    "text", ["", "ada", "ada@", "ada@localhost", "a b@example.org", "ada@example.org\x00", "ada@exa\nmple.org"]
)
def test_what_is_no_address_is_said_to_be_none(text: str):
    with pytest.raises(InputError, match="is not an address of mail"):
        email_of(text)


@ON_SQLITE
async def test_nobody_changes_their_own_role(database: Database):
    ada = await add(database, "ada@example.org", RoleName.OPERATOR)
    async with database.transaction() as connection:
        with pytest.raises(ForbiddenError, match="their own role"):
            await set_role(connection, ada.id, RoleName.ADMINISTRATOR, actor=Actor(ada.id), at=NOW)


@ON_SQLITE
@pytest.mark.parametrize("act", ["role", "disable", "delete"])
async def test_the_last_administrator_stays(database: Database, act: str):
    ada = await add(database, "ada@example.org", RoleName.ADMINISTRATOR)
    async with database.transaction() as connection:
        with pytest.raises(ConflictError, match="last administrator"):
            await remove(connection, ada.id, act)
    # A disabled one does not count as another.
    grace = await add(database, "grace@example.org", RoleName.ADMINISTRATOR)
    async with database.transaction() as connection:
        await disable(connection, grace.id, actor=ACTOR, at=NOW)
        with pytest.raises(ConflictError, match="last administrator"):
            await remove(connection, ada.id, act)


async def remove(connection: AsyncConnection, person_id: str, act: str) -> None:
    if act == "role":
        await set_role(connection, person_id, RoleName.READER, actor=ACTOR, at=NOW)
    elif act == "disable":
        await disable(connection, person_id, actor=ACTOR, at=NOW)
    else:
        await delete_person(connection, person_id, actor=ACTOR, at=NOW)


async def test_two_administrators_who_remove_each_other_at_once_leave_one(database: Database):
    both = [await add(database, f"{name}@example.org", RoleName.ADMINISTRATOR) for name in ("ada", "grace")]

    async def demote(person: PersonRow, by: PersonRow) -> None:
        async with database.transaction() as connection:
            await set_role(connection, person.id, RoleName.READER, actor=Actor(by.id), at=NOW)

    done = await asyncio.gather(demote(both[0], both[1]), demote(both[1], both[0]), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["ConflictError", "NoneType"]
    async with database.read() as connection:
        assert await PeopleStore(connection).n_enabled(RoleName.ADMINISTRATOR) == 1


def test_each_role_may_all_that_the_one_before_it_may():
    names = list(RoleName)
    for lesser, greater in pairwise(names):
        assert ROLES[lesser].permissions <= ROLES[greater].permissions
    assert ROLES[RoleName.ADMINISTRATOR].permissions == frozenset(Permission)
