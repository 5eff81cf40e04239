"""On PostgreSQL the service's role cannot change the audit log (LOG-5)."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from btcforecast.accounts.audit import Actor, verify_audit
from btcforecast.accounts.people import add_person, delete_person
from btcforecast.accounts.retention import forget_old
from btcforecast.core.errors import ConflictError, NotFoundError, SettingsError
from btcforecast.store.database import Database
from btcforecast.store.roles import grant_service, may_change_audit
from btcforecast.worker.jobs import running_jobs

NOW = 1_764_547_200
ACTOR = Actor("command line", "192.0.2.1")


@pytest.fixture
async def owner(postgresql_url: str) -> AsyncIterator[Database]:
    opened = Database(postgresql_url)
    await opened.migrate()
    yield opened
    await opened.close()


@pytest.fixture
def role(postgresql_url: str, postgresql_server: str) -> Iterator[str]:
    name = f"service_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN".encode())
    yield name
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(f"DROP OWNED BY {name} CASCADE".encode())
        connection.execute(f"DROP ROLE {name}".encode())


@pytest.fixture
async def service(owner: Database, role: str) -> AsyncIterator[Database]:
    """The same database as the service's role sees it."""
    async with owner.transaction() as connection:
        await grant_service(connection, role)
        await add_person(connection, email="a@example.org", actor=ACTOR, at=NOW)
    opened = Database(owner.url.set(username=role).render_as_string(hide_password=False))
    yield opened
    await opened.close()


async def test_the_service_does_its_work_as_that_role(service: Database):
    await service.migrate()
    async with service.transaction() as connection:
        await add_person(connection, email="first@example.org", actor=ACTOR, at=NOW)
        gone = await add_person(connection, email="b@example.org", actor=ACTOR, at=NOW)
        await delete_person(connection, gone.id, actor=ACTOR, at=NOW)
        await forget_old(connection, at=NOW * 2)
    async with service.read() as connection:
        found = await verify_audit(connection)
        assert (found.n_entries, found.fault) == (4, None)
        assert not await may_change_audit(connection)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET result = 'x'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries CASCADE",
        "DROP TRIGGER audit_entries_stay ON audit_entries",
        "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
        "DROP TABLE audit_entries CASCADE",
        "CREATE OR REPLACE FUNCTION audit_entries_stay() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "SET session_replication_role = replica",
    ],
)
async def test_what_would_change_the_log_is_refused(service: Database, statement: str):
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
        async with service.transaction() as connection:
            await connection.exec_driver_sql(statement)


async def test_the_workers_jobs_run_in_a_schema_of_their_own(service: Database):
    async def nothing() -> str:
        return ""

    names = "fetch keep_calendar issue_due settle_due checkpoint refill refit_due replay_recent tidy promote_due measure_drift"
    work: Any = SimpleNamespace(database=service, **dict.fromkeys(names.split(), nothing))
    async with running_jobs(work, worker_name="w", with_schedule=False) as jobs:
        assert "cycle" in jobs


async def test_tables_that_are_behind_are_left_to_their_owner(owner: Database, service: Database):
    async with owner.transaction() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0005'")
    with pytest.raises(SettingsError, match="run `btcforecast database migrate` as their owner"):
        await service.migrate()


async def test_a_role_that_is_not_there_or_is_the_owner_is_refused(owner: Database):
    async with owner.transaction() as connection:
        assert await may_change_audit(connection)
        with pytest.raises(NotFoundError, match="no role"):
            await grant_service(connection, 'x"; DROP TABLE people')
        with pytest.raises(ConflictError, match="owner"):
            await grant_service(connection, str(await connection.scalar(text("SELECT current_user"))))
