"""Two web processes on one PostgreSQL and one Redis: what one is told counts in the other (JWT-3, USR-3, DAT-3, RLM-1)."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from btcforecast.accounts.audit import Actor
from btcforecast.accounts.login.passwords import Passwords
from btcforecast.accounts.people import add_person
from btcforecast.accounts.roles import RoleName
from btcforecast.store.database import Database
from btcforecast.store.people import PeopleStore

sys.path.insert(0, str(Path(__file__).parent))
from logins import PASSWORD  # found through the path set above
from redis_server import RedisServer
from serving import served

FELT_WITHIN_S = 1.0


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def two(postgresql_url: str, redis: RedisServer, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The addresses of two web processes with an administrator and a reader."""

    async def fill() -> None:
        database = Database(postgresql_url)
        await database.migrate()
        password_hash = await Passwords().hash(PASSWORD)
        async with database.transaction() as connection:
            for role in (RoleName.ADMINISTRATOR, RoleName.READER):
                person = await add_person(
                    connection, email=f"{role}@example.org", role=role, actor=Actor("command line"), at=int(time.time())
                )
                await PeopleStore(connection).change(person.id, password_hash=password_hash)
        await database.close()

    asyncio.run(fill())
    # A day as window, so that no test meets its turn.
    given = {"RATE_LIMIT": "4000/day", "RATE_LIMIT_STORE": redis.url, "PUBLIC_URL": "http://127.0.0.1:8000"}
    with served(postgresql_url, tmp_path, **given) as (one, _), served(postgresql_url, tmp_path, **given) as (other, _):
        yield one, other


def logged_in(address: str, role: str) -> dict[str, Any]:
    body = {"email": f"{role}@example.org", "password": PASSWORD}
    found: dict[str, Any] = httpx2.post(f"{address}/v1/auth/login", json=body, timeout=60).json()["session"]
    return found


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def felt(ask: Callable[[], int], expected: int) -> None:
    """Ask until the answer is as expected, for no longer than a change may take to be felt, and one request."""
    until = time.monotonic() + FELT_WITHIN_S
    while ask() != expected:
        assert time.monotonic() < until
    assert ask() == expected


def test_what_one_process_is_told_the_other_feels_within_a_second(two: tuple[str, str]):
    one, other = two
    reader, root = logged_in(one, "reader"), logged_in(other, "administrator")
    mine = bearer(reader["access_token"])
    person_id = reader["person"]["id"]

    def seen_there() -> int:
        return httpx2.get(f"{other}/v1/me", headers=mine, timeout=60).status_code

    assert seen_there() == 200
    key = httpx2.post(f"{one}/v1/me/keys", json={"name": "k", "scopes": ["account:read"]}, headers=mine, timeout=60).json()

    def key_there() -> int:
        return httpx2.get(f"{other}/v1/me", headers=bearer(key["text"]), timeout=60).status_code

    assert key_there() == 200
    httpx2.delete(f"{one}/v1/me/keys/{key['key']['id']}", headers=mine, timeout=60)
    felt(key_there, 401)

    def may_there() -> int:
        return httpx2.get(f"{one}/v1/people", headers=mine, timeout=60).status_code

    assert may_there() == 403
    changed = httpx2.patch(
        f"{other}/v1/people/{person_id}", json={"role": "operator"}, headers=bearer(root["access_token"]), timeout=60
    )
    assert changed.status_code == 200
    felt(may_there, 200)

    again = httpx2.post(f"{other}/v1/auth/refresh", json={"refresh_token": reader["refresh_token"]}, timeout=60)
    assert again.status_code == 200
    httpx2.delete(f"{one}/v1/me/sessions", headers=mine, timeout=60)
    felt(seen_there, 401)
    spent = httpx2.post(f"{other}/v1/auth/refresh", json={"refresh_token": again.json()["refresh_token"]}, timeout=60)
    assert spent.status_code == 401


def test_what_one_process_has_counted_is_missing_in_the_other(two: tuple[str, str]):
    # A log-in costs 20, also one that is not understood.
    codes = [httpx2.post(f"{two[i % 2]}/v1/auth/login", json={}, timeout=60).status_code for i in range(202)]
    assert codes == [422] * 200 + [429] * 2
