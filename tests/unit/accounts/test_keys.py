"""API keys: their form, what they allow, and when they stop counting (DAT-3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcforecast.accounts.audit import Actor
from btcforecast.accounts.keys import (
    DAY,
    MOST_KEYS,
    authenticate,
    create_key,
    key_id_of,
    revoke_key,
    rotate_key,
)
from btcforecast.accounts.people import add_person, delete_person, disable, enable, set_role
from btcforecast.accounts.roles import ROLES, Permission, RoleName
from btcforecast.core.errors import ConflictError, InputError, NotFoundError, UnauthenticatedError
from btcforecast.store.database import Database
from btcforecast.store.people import PeopleStore

NOW = 1_764_547_200
ACTOR = Actor("command line")
ALL = frozenset(Permission)
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For rules that do not depend on the database."""


class Desk:
    """One administrator and the acts on keys, each in a transaction of its own."""

    def __init__(self, database: Database, person_id: str) -> None:
        self.database, self.person_id = database, person_id

    async def create(self, name: str = "laptop", scopes: tuple[str, ...] = ("account:read",), **more: object):
        async with self.database.transaction() as connection:
            given = {"allowed": ALL, "days": 90, "actor": ACTOR, "at": NOW, **more}
            return await create_key(connection, self.person_id, name=name, scopes=scopes, **given)  # type: ignore[arg-type]

    async def rotate(self, key_id: str, *, overlap_s: int = 3600, at: int = NOW, allowed: frozenset[Permission] = ALL):
        async with self.database.transaction() as connection:
            return await rotate_key(connection, self.person_id, key_id, overlap_s=overlap_s, allowed=allowed, actor=ACTOR, at=at)

    async def revoke(self, key_id: str, person_id: str | None = None):
        async with self.database.transaction() as connection:
            return await revoke_key(connection, person_id or self.person_id, key_id, actor=ACTOR, at=NOW)

    async def who(self, text: str, at: int = NOW):
        async with self.database.read() as connection:
            return await authenticate(connection, text, at=at)


@pytest.fixture
async def desk(database: Database) -> Desk:
    async with database.transaction() as connection:
        person = await add_person(connection, email="ada@example.org", role=RoleName.ADMINISTRATOR, actor=ACTOR, at=NOW)
    return Desk(database, person.id)


async def test_a_key_names_its_person_and_what_role_and_scopes_both_allow(desk: Desk):
    made, text = await desk.create(scopes=("account:read", "audit:read"))
    found = await desk.who(text)
    assert (found.person.email, found.key.id) == ("ada@example.org", made.id)
    assert found.permissions == {Permission.ACCOUNT_READ, Permission.AUDIT_READ}


@ON_SQLITE
async def test_only_the_hash_of_a_key_is_stored(desk: Desk):
    _, text = await desk.create()
    async with desk.database.read() as connection:
        rows = str(await PeopleStore(connection).keys(desk.person_id))
    assert text.split("_")[2] not in rows


@ON_SQLITE
async def test_a_role_that_may_less_takes_from_its_keys_at_once(desk: Desk, database: Database):
    _, text = await desk.create(scopes=("people:write",))
    async with database.transaction() as connection:
        await add_person(connection, email="grace@example.org", role=RoleName.ADMINISTRATOR, actor=ACTOR, at=NOW)
        await set_role(connection, desk.person_id, RoleName.READER, actor=ACTOR, at=NOW)
    assert (await desk.who(text)).permissions == frozenset()


@ON_SQLITE
async def test_a_key_ends_with_its_last_second(desk: Desk):
    _, text = await desk.create(days=1)
    await desk.who(text, at=NOW + DAY - 1)
    with pytest.raises(UnauthenticatedError, match="has expired"):
        await desk.who(text, at=NOW + DAY)


@ON_SQLITE
async def test_a_revoked_key_says_so_only_to_who_has_it(desk: Desk):
    made, text = await desk.create()
    await desk.revoke(made.id)
    with pytest.raises(UnauthenticatedError, match="“laptop” was revoked"):
        await desk.who(text)
    other = (await desk.create(name="other"))[1]
    with pytest.raises(UnauthenticatedError, match="mistyped"):
        await desk.who(f"btcf_{made.id}_{'_'.join(other.split('_')[2:])}")


async def test_both_keys_count_while_they_overlap(desk: Desk):
    old, text = await desk.create(days=10)
    new, new_text = await desk.rotate(old.id, overlap_s=3600, at=NOW + DAY)
    assert (new.name, new.scopes, new.expires_at) == ("laptop", "account:read", NOW + 11 * DAY)
    await desk.who(text, at=NOW + DAY + 3599)
    await desk.who(new_text, at=NOW + DAY + 3599)
    with pytest.raises(UnauthenticatedError, match="expired"):
        await desk.who(text, at=NOW + DAY + 3600)
    with pytest.raises(ConflictError, match="rotated before"):
        await desk.rotate(old.id, at=NOW + DAY)


@ON_SQLITE
async def test_an_overlap_never_lengthens_a_key(desk: Desk):
    old, text = await desk.create(days=1)
    await desk.rotate(old.id, overlap_s=7 * DAY, at=NOW + DAY - 60)
    with pytest.raises(UnauthenticatedError, match="expired"):
        await desk.who(text, at=NOW + DAY)


@ON_SQLITE
async def test_nobody_makes_or_rotates_into_a_key_that_may_more_than_they_do(desk: Desk):
    with pytest.raises(InputError, match="cannot have the scope audit:read"):
        await desk.create(scopes=("audit:read",), allowed=ROLES[RoleName.READER].permissions)
    strong, _ = await desk.create(scopes=("audit:read",))
    with pytest.raises(InputError, match="cannot have the scope audit:read"):
        await desk.rotate(strong.id, allowed=frozenset({Permission.ACCOUNT_WRITE}))


async def test_a_disabled_person_has_no_key_until_enabled(desk: Desk, database: Database):
    _, text = await desk.create()
    async with database.transaction() as connection:
        await add_person(connection, email="grace@example.org", role=RoleName.ADMINISTRATOR, actor=ACTOR, at=NOW)
        await disable(connection, desk.person_id, actor=ACTOR, at=NOW)
    with pytest.raises(UnauthenticatedError, match="disabled"):
        await desk.who(text)
    async with database.transaction() as connection:
        await enable(connection, desk.person_id, actor=ACTOR, at=NOW)
    await desk.who(text)


async def test_keys_go_with_their_person(desk: Desk, database: Database):
    _, text = await desk.create()
    async with database.transaction() as connection:
        await add_person(connection, email="grace@example.org", role=RoleName.ADMINISTRATOR, actor=ACTOR, at=NOW)
        await delete_person(connection, desk.person_id, actor=ACTOR, at=NOW)
    with pytest.raises(UnauthenticatedError, match="mistyped"):
        await desk.who(text)


@ON_SQLITE
async def test_somebody_elses_key_is_as_unknown_as_none(desk: Desk, database: Database):
    made, _ = await desk.create()
    async with database.transaction() as connection:
        other = await add_person(connection, email="grace@example.org", actor=ACTOR, at=NOW)
    with pytest.raises(NotFoundError):
        await desk.revoke(made.id, person_id=other.id)


@ON_SQLITE
async def test_names_are_taken_while_they_count_and_there_is_an_end_to_keys(desk: Desk):
    made, _ = await desk.create(name="k0")
    with pytest.raises(ConflictError, match="already"):
        await desk.create(name="k0")
    await desk.revoke(made.id)
    for i in range(MOST_KEYS):
        await desk.create(name=f"k{i}")
    with pytest.raises(ConflictError, match=f"{MOST_KEYS} keys already"):
        await desk.create(name="one more")


@ON_SQLITE
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"days": 0}, "1 to 366 days"),
        ({"days": 367}, "1 to 366 days"),
        ({"name": ""}, "1 to 64 characters"),
        ({"name": "a\nb"}, "no control characters"),
        ({"scopes": ("root",)}, "no scope “root”"),
    ],
)
async def test_what_cannot_be_is_named(desk: Desk, change: dict[str, object], words: str):
    with pytest.raises(InputError, match=words):
        await desk.create(**change)  # type: ignore[arg-type]


@given(st.text(max_size=80))
def test_nothing_but_a_key_looks_like_one(text: str):
    assert key_id_of(text) is None


@ON_SQLITE
async def test_one_wrong_letter_is_seen_without_asking(desk: Desk):
    _, text = await desk.create()
    assert key_id_of(text) is not None
    for i, letter in enumerate(text):
        assert key_id_of(text[:i] + ("a" if letter != "a" else "b") + text[i + 1 :]) is None
