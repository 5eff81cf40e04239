"""The audit log: nothing in it changes unseen, and nobody is named in it (LOG-5); where from is forgotten after a time (DAT-4)."""

from __future__ import annotations

import asyncio
import hashlib
import json

import pytest
import rfc8785
from sqlalchemy.exc import DBAPIError

from btcforecast.accounts.audit import FIRST_HASH, Actor, AuditLog, entry_of, verify_audit
from btcforecast.accounts.people import add_person, delete_person
from btcforecast.store.audit import AuditRow, AuditStore
from btcforecast.store.database import Database
from btcforecast.store.people import OWNED
from btcforecast.store.tables import api_keys, audit_entries, metadata, people

NOW = 1_764_547_200
ACTOR = Actor("command line")


@pytest.fixture
async def filled(database: Database) -> Database:
    async with database.transaction() as connection:
        for i in range(5):
            await AuditLog(connection).record("key.created", actor=Actor("p_1", "192.0.2.0"), at=NOW + i, facts={"n": i})
    return database


async def unguarded(database: Database, *statements: str) -> None:
    """Change the log as somebody would who owns the database."""
    sqlite = ("DROP TRIGGER audit_entries_no_update", "DROP TRIGGER audit_entries_no_delete")
    guards = sqlite if database.is_sqlite else ("DROP TRIGGER audit_entries_stay ON audit_entries",)
    async with database.transaction() as connection:
        # With the networks, which would hold the entries fast.
        for statement in (*guards, "DELETE FROM audit_networks", *statements):
            await connection.exec_driver_sql(statement)


async def fault(database: Database) -> str | None:
    async with database.read() as connection:
        found = await verify_audit(connection)
    return None if found.fault is None else f"{found.fault.seq}: {found.fault.what}"


async def test_each_entry_is_bound_to_the_one_before(filled: Database):
    async with filled.read() as connection:
        rows = [row async for page in AuditStore(connection).pages() for row in page]
        report = await verify_audit(connection)
    previous = FIRST_HASH.hex()
    for row in rows:
        # As anybody can check it with an exported line and a hash function.
        assert json.loads(row.body)["prev"] == previous
        previous = hashlib.sha256(row.body.encode()).hexdigest()
    assert (report.n_entries, report.last_hash, report.fault) == (5, previous, None)


@pytest.mark.parametrize("statement", ["UPDATE audit_entries SET result = 'done'", "DELETE FROM audit_entries"])
async def test_the_database_itself_refuses_to_change_or_delete(filled: Database, statement: str):
    with pytest.raises(DBAPIError, match="never changed or deleted"):
        async with filled.transaction() as connection:
            await connection.exec_driver_sql(statement)
    assert await fault(filled) is None


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (
            "UPDATE audit_entries SET body = replace(body, '\"n\":2', '\"n\":7') WHERE seq = 2",
            "2: its text is not what was hashed",
        ),
        ("UPDATE audit_entries SET actor = 'p_2' WHERE seq = 3", "3: its columns do not say what its text says"),
        ("DELETE FROM audit_entries WHERE seq = 1", "1: entry 1 is missing"),
        ("DELETE FROM audit_entries WHERE seq = 0", "0: entry 0 is missing"),
    ],
)
async def test_what_was_changed_all_the_same_is_found(filled: Database, statement: str, what: str):
    await unguarded(filled, statement)
    assert await fault(filled) == what


async def test_an_entry_rewritten_with_its_hash_breaks_the_next(filled: Database):
    async with filled.read() as connection:
        row = (await AuditStore(connection).find(limit=1, before=3))[0]
    body = row.body.replace('"n":2', '"n":7')
    sha = hashlib.sha256(body.encode()).hexdigest()
    stored = f"x'{sha}'" if filled.is_sqlite else f"decode('{sha}', 'hex')"
    change = f"UPDATE audit_entries SET body = '{body}', entry_hash = {stored} WHERE seq = 2"  # noqa: S608  # our own text
    await unguarded(filled, change)
    assert await fault(filled) == "3: it does not follow the entry before it"


async def test_entries_of_several_at_once_follow_each_other(filled: Database):
    async def record(i: int) -> None:
        async with filled.transaction() as connection:
            await AuditLog(connection).record("key.created", actor=ACTOR, at=NOW, facts={"n": i})

    await asyncio.gather(*(record(i) for i in range(8)))
    async with filled.read() as connection:
        assert (await verify_audit(connection)).n_entries == 13


async def test_deletion_leaves_no_trace_of_who_it_was(database: Database):
    async with database.transaction() as connection:
        await add_person(connection, email="first@example.org", actor=ACTOR, at=NOW)
        gone = await add_person(connection, email="gone@example.org", name="Grace", actor=ACTOR, at=NOW)
        await delete_person(connection, gone.id, actor=ACTOR, at=NOW)
    async with database.read() as connection:
        kept = [str(row) for table in (people, api_keys, audit_entries) for row in await connection.execute(table.select())]
    assert "gone@example.org" not in "".join(kept)
    assert "Grace" not in "".join(kept)
    assert await fault(database) is None


def test_every_table_with_a_persons_id_is_one_that_deletion_and_export_know():
    # audit_entries keeps random ids on purpose; a new table must be added to deletion, to the export and to this list.
    holding = {
        table.name
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name == "person_id" or any(key.column.table.name == "people" for key in column.foreign_keys)
    }
    assert holding == {table.name for table in OWNED}


async def test_where_from_is_forgotten_while_the_chain_stays_whole(filled: Database):
    async with filled.transaction() as connection:
        assert await AuditStore(connection).drop_networks(made_before=NOW + 3) == 3
    async with filled.read() as connection:
        rows = await AuditStore(connection).find(limit=10)
    assert [entry_of(row)["network"] for row in rows] == ["192.0.2.0", "192.0.2.0", None, None, None]
    # Neither the text nor a salt to try networks with is left.
    assert all("192.0.2" not in row.body for row in rows)
    assert [row.salt is None for row in rows] == [False, False, True, True, True]
    assert await fault(filled) is None


async def test_another_network_than_was_hashed_is_found(filled: Database):
    async with filled.transaction() as connection:
        await connection.exec_driver_sql("UPDATE audit_networks SET network = '198.51.100.7' WHERE seq = 2")
    assert await fault(filled) == "2: its network is not what was hashed"


async def test_entries_of_the_first_release_with_the_network_in_their_text_still_verify(database: Database):
    body = {"seq": 0, "at": NOW, "actor": "p_1", "network": "192.0.2.0", "key": None, "action": "key.created"}
    body |= {"subject": None, "result": "done", "facts": {}, "prev": FIRST_HASH.hex()}
    text = rfc8785.dumps(body)
    async with database.transaction() as connection:
        digest = hashlib.sha256(text).digest()
        await AuditStore(connection).add(AuditRow(0, NOW, "p_1", "key.created", None, "done", text.decode(), digest))
        await AuditLog(connection).record("key.created", actor=ACTOR, at=NOW)
    async with database.read() as connection:
        rows = await AuditStore(connection).find(limit=10)
    assert [entry_of(row)["network"] for row in rows] == [None, "192.0.2.0"]
    assert await fault(database) is None


async def test_entries_are_found_by_who_to_whom_where_from_and_result(database: Database):
    async with database.transaction() as connection:
        log = AuditLog(connection)
        await log.record("person.changed", actor=Actor("p_1", "192.0.2.1"), at=NOW, subject="p_2")
        await log.record("person.changed", actor=Actor("p_2", "198.51.100.1"), at=NOW, subject="p_1", result="refused")
        await log.record("person.changed", actor=Actor("p_1", "2001:db8::/64"), at=NOW)
    async with database.read() as connection:
        store = AuditStore(connection)
        found = [
            await store.find(limit=10, actor="p_1"),
            await store.find(limit=10, subject="p_1"),
            await store.find(limit=10, person_id="p_2"),
            await store.find(limit=10, network="192.0.2."),
            await store.find(limit=10, network="%"),
            await store.find(limit=10, result="refused"),
        ]
    assert [[row.seq for row in rows] for rows in found] == [[2, 0], [1], [1, 0], [0], [], [1]]
