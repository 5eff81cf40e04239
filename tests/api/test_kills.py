"""A process killed in the middle of an act leaves all of it or nothing, and the act can be done again (SIGKILL, real PostgreSQL).

A trigger stops the act inside its transaction, at the insert of a named table, on a lock that the test holds; so every kill hits the middle.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from btcforecast.accounts.audit import verify_audit
from btcforecast.accounts.encryption.vault import Vault
from btcforecast.store.database import Database

sys.path.insert(0, str(Path(__file__).parent))
from logins import PASSWORD  # found through the path set above
from serving import SECRET_KEY, served

LOCK = 4242  # as in the query below
TRIGGER = """
CREATE OR REPLACE FUNCTION stop_here() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock(%d); RETURN NEW; END $$;
CREATE OR REPLACE TRIGGER stop_here BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION stop_here();
""".replace("%d", str(LOCK))


class Desk:
    """A database, what is in it, and a way to stop who writes there."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.environment = {
            "SECRET_KEY": SECRET_KEY,
            "MAIL_URL": f"file:{folder}/mail",
            "ENVIRONMENT": "test",
            "DATABASE_URL": url,
        }

    def command(self, *arguments: str, **more: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "btcforecast", *arguments],
            env={**os.environ, **self.environment}, cwd=self.folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, **more,
        )  # fmt: skip

    def run(self, *arguments: str, stdin: str = "") -> str:
        process = self.command(*arguments)
        out, err = process.communicate(stdin, timeout=120)
        assert process.returncode == 0, err
        return out

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    @contextmanager
    def stopping_at(self, table: str) -> Iterator[Callable[[], None]]:
        """Stop whoever inserts into the table; yields a function that waits until somebody is stopped."""
        with psycopg.connect(self.url, autocommit=True) as holder:
            holder.execute(TRIGGER.format(table=table).encode())
            holder.execute(b"SELECT pg_advisory_lock(%d)" % LOCK)

            def wait() -> None:
                until = time.monotonic() + 60
                while not self.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 4242 AND NOT granted"):
                    assert time.monotonic() < until, "Nobody came to the lock."

            yield wait
            holder.execute(f"DROP TRIGGER stop_here ON {table}".encode())

    def is_whole(self) -> bool:
        async def verify() -> bool:
            database = Database(self.url)
            async with database.read() as connection:
                report = await verify_audit(connection)
            await database.close()
            return report.fault is None

        return asyncio.run(verify())


@pytest.fixture
def desk(postgresql_url: str, tmp_path: Path) -> Desk:
    made = Desk(postgresql_url, tmp_path)
    made.run("users", "create-admin", "ada@example.org")
    made.run("users", "password", "ada@example.org", stdin=f"{PASSWORD}\n")
    return made


def killed_in(desk: Desk, table: str, act: Callable[[str], httpx2.Response]) -> None:
    """Kill the web process while it is in the middle of the act."""
    with (
        served(desk.url, desk.folder, **desk.environment) as (address, process),
        desk.stopping_at(table) as wait,
        ThreadPoolExecutor(1) as thread,
    ):
        asked = thread.submit(act, address)
        wait()
        process.kill()
        process.wait()
        with pytest.raises(httpx2.TransportError):
            asked.result(timeout=60)


def done_in(desk: Desk, act: Callable[[str], httpx2.Response]) -> httpx2.Response:
    with served(desk.url, desk.folder, **desk.environment) as (address, _):
        return act(address)


def logged_in(address: str) -> dict[str, str]:
    body = {"email": "ada@example.org", "password": PASSWORD}
    found = httpx2.post(f"{address}/v1/auth/login", json=body, timeout=60).json()
    return {"Authorization": f"Bearer {found['session']['access_token']}"}


def register(address: str) -> httpx2.Response:
    body = {"email": "new@example.org", "password": "a lantern under nine blue bridges"}
    return httpx2.post(f"{address}/v1/auth/register", json=body, timeout=60)


def newest_link(desk: Desk) -> str:
    async def read() -> str:
        database, vault = Database(desk.url), Vault(SECRET_KEY)
        await vault.load(database, at=0)
        ((letter, sealed),) = desk.rows(
            "SELECT id, sealed FROM mail_messages WHERE to_address = 'new@example.org' ORDER BY created_at DESC LIMIT 1"
        )
        await database.close()
        return str(json.loads(vault.open(bytes(sealed), place=f"mail:{letter}"))["link"])

    return asyncio.run(read()).partition("#token=")[2]


def test_a_sign_up_that_was_cut_off_leaves_neither_link_nor_letter_and_can_be_repeated(desk: Desk):
    before = desk.rows("SELECT count(*) FROM mail_messages")
    killed_in(desk, "mail_messages", register)
    assert desk.rows("SELECT count(*) FROM mail_messages") == before
    assert desk.rows("SELECT count(*) FROM one_time_tokens WHERE purpose = 'register'") == [(0,)]
    assert done_in(desk, register).status_code == 202
    assert desk.rows("SELECT count(*) FROM mail_messages WHERE to_address = 'new@example.org'") == [(1,)]


def test_an_account_whose_making_was_cut_off_is_made_once_by_the_same_link(desk: Desk):
    assert done_in(desk, register).status_code == 202
    token = newest_link(desk)

    def verify(address: str) -> httpx2.Response:
        return httpx2.post(f"{address}/v1/auth/verify", json={"token": token}, timeout=60)

    killed_in(desk, "audit_entries", verify)
    assert desk.rows("SELECT count(*) FROM people WHERE email = 'new@example.org'") == [(0,)]
    assert done_in(desk, verify).status_code == 201
    assert done_in(desk, verify).status_code == 401
    assert desk.rows("SELECT count(*), count(password_hash) FROM people WHERE email = 'new@example.org'") == [(1, 1)]
    assert desk.is_whole()


def test_a_rotation_of_a_key_that_was_cut_off_leaves_the_old_one_counting(desk: Desk):
    text = desk.run("keys", "create", "ada@example.org", "--name", "first", "--all-scopes").strip()
    key_id = text.split("_")[1]

    def rotate(address: str) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {text}"}
        return httpx2.post(f"{address}/v1/me/keys/{key_id}/rotate", json={}, headers=headers, timeout=60)

    killed_in(desk, "audit_entries", rotate)
    assert desk.rows("SELECT id, replaced_by FROM api_keys") == [(key_id, None)]
    assert done_in(desk, rotate).status_code == 201
    assert desk.rows("SELECT count(*), count(replaced_by) FROM api_keys") == [(2, 1)]
    assert desk.is_whole()


def test_a_deletion_that_was_cut_off_deletes_nothing_and_then_everything(desk: Desk):
    desk.run("users", "create-admin", "grace@example.org")
    desk.run("keys", "create", "ada@example.org", "--name", "first", "--all-scopes")

    def delete(address: str) -> httpx2.Response:
        return httpx2.delete(f"{address}/v1/me", params={"confirm": "ada@example.org"}, headers=headers(address), timeout=60)

    sessions: dict[str, dict[str, str]] = {}

    def headers(address: str) -> dict[str, str]:
        return sessions.get(address) or sessions.setdefault(address, logged_in(address))

    with served(desk.url, desk.folder, **desk.environment) as (address, process):
        headers(address)
        with desk.stopping_at("audit_entries") as wait, ThreadPoolExecutor(1) as thread:
            asked = thread.submit(delete, address)
            wait()
            process.kill()
            process.wait()
            with pytest.raises(httpx2.TransportError):
                asked.result(timeout=60)
    assert desk.rows("SELECT count(*) FROM people WHERE email = 'ada@example.org'") == [(1,)]
    assert desk.rows("SELECT count(*) FROM api_keys") == [(1,)]
    assert done_in(desk, delete).status_code == 204
    for table in ("api_keys", "sessions", "refresh_tokens"):
        assert desk.rows(f"SELECT count(*) FROM {table}") == [(0,)], table  # noqa: S608  # names of ours
    assert desk.is_whole()


@pytest.mark.parametrize("options", [(), ("--data",)], ids=["token", "data"])
def test_a_rotation_of_the_services_own_keys_that_was_cut_off_changes_nothing(desk: Desk, options: tuple[str, ...]):
    assert done_in(desk, register).status_code == 202
    keys = desk.rows("SELECT id, retired_at FROM secret_keys ORDER BY id")
    sealed = desk.rows("SELECT id, sealed FROM mail_messages ORDER BY id")
    with desk.stopping_at("audit_entries") as wait:
        process = desk.command("keys", "rotate", *options)
        wait()
        process.kill()
        process.communicate()
    assert desk.rows("SELECT id, retired_at FROM secret_keys ORDER BY id") == keys
    assert desk.rows("SELECT id, sealed FROM mail_messages ORDER BY id") == sealed
    desk.run("keys", "rotate", *options)
    assert len(desk.rows("SELECT id FROM secret_keys")) == len(keys) + 1
    assert newest_link(desk)
    assert desk.is_whole()
