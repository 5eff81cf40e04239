"""RLM-1, JWT-4: limits that several processes share through Redis, and what they do while it is away. ENV-1: nothing tells its password."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from redis_server import RedisServer
from seeded_store import NOW
from serving import served
from structlog.testing import capture_logs

from btcforecast.api.edge.limits import Limits, Verdict
from btcforecast.api.edge.shared import SharedCounts
from btcforecast.core import ManualClock
from btcforecast.core.errors import SettingsError
from btcforecast.telemetry.metrics import REGISTRY

PASSWORD = "planted-secret-of-redis"
ADDRESS = "192.0.2.1"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path, password=PASSWORD)
    server.start()
    yield server
    server.stop()


class Process:
    """What one web process counts, and its link to the store."""

    def __init__(self, url: str, clock: ManualClock, rate: str) -> None:
        self.limits = Limits(rate, clock, is_shared=True)
        self.link = SharedCounts(url, self.limits.counters)

    def cheap(self, address: str = ADDRESS) -> Verdict:
        return self.limits.admit(self.limits.of_address(address), 1)

    async def costly(self, cost: int) -> bool:
        verdict = self.limits.admit(self.limits.of_address(ADDRESS), cost)
        if verdict.is_allowed and await self.link.confirm(verdict.claims):
            verdict = self.limits.judge_again(verdict.claims)
        return verdict.is_allowed


@pytest.fixture
async def two(redis: RedisServer) -> Any:
    clock = ManualClock(NOW)
    made = [Process(redis.url, clock, "10/minute") for _ in range(2)]
    for process in made:
        await process.link.tell()
    yield clock, *made
    for process in made:
        await process.link.close()


def left(verdict: Verdict) -> int:
    return verdict.left()[0][1]


async def test_cheap_requests_are_known_to_the_other_process_once_it_was_told(two: Any):
    clock, one, other = two
    assert [one.cheap().is_allowed for _ in range(7)] == [True] * 7
    assert left(other.cheap()) == 9
    await one.link.tell()
    await other.link.tell()
    assert left(other.cheap()) == 1
    assert [other.cheap().is_allowed for _ in range(2)] == [True, False]
    await other.link.tell()
    clock.advance(60)
    assert left(one.cheap()) == 9


async def test_costly_requests_are_limited_exactly_however_many_come_at_once(two: Any):
    _, one, other = two
    found = await asyncio.gather(*(process.costly(2) for _ in range(20) for process in (one, other)))
    assert sum(found) <= 5
    # What raced past the limit was refused by both; alone none is lost.
    assert not await one.costly(1)


async def test_one_after_the_other_exactly_the_limit_passes(two: Any):
    _, one, other = two
    found = [await process.costly(2) for _ in range(5) for process in (one, other)]
    assert found == [True] * 5 + [False] * 5


async def test_while_the_store_is_away_each_process_counts_alone_at_the_same_limit(two: Any, redis: RedisServer):
    _, one, other = two
    assert await one.costly(4)
    redis.stop()
    with capture_logs() as lines:
        assert await one.costly(4)
        assert not await one.costly(4)
        assert await other.costly(4)
        for process in (one, other):
            process.cheap()
            await process.link.tell()
        assert not one.link.is_up
    # Once a minute for each process, and without the address, which holds a password.
    assert [line["event"] for line in lines] == ["limits.store_away"] * 2
    assert PASSWORD not in json.dumps(lines)
    assert REGISTRY.get_sample_value("btcforecast_http_limits_store_up") == 0
    redis.start()
    for process in (one, other, one):
        await process.link.tell()
    assert REGISTRY.get_sample_value("btcforecast_http_limits_store_up") == 1
    # What was counted alone is known to both again: 8 + 1 here, 4 + 1 there.
    assert not await other.costly(1)


async def test_a_store_that_answers_nothing_holds_up_one_request_and_no_further_one(two: Any, redis: RedisServer):
    _, one, _ = two
    redis.hang()
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await one.costly(1)
    # A bound, not a measurement: the store's own time-out would be ten times as long.
    assert loop.time() - began < 0.9
    assert not one.link.is_up
    asked = one.link.confirm(one.limits.of_address(ADDRESS))
    with pytest.raises(StopIteration) as ended:
        # The coroutine ends without having waited for anything.
        asked.send(None)
    assert ended.value.value is False


async def test_a_window_that_turns_while_the_store_is_away_takes_its_counts_along(two: Any, redis: RedisServer):
    clock, one, other = two
    redis.stop()
    assert await one.costly(10)
    clock.advance(60)
    redis.start()
    for process in (one, other):
        assert left(process.cheap()) == 9
        await process.link.tell()
    assert left(one.cheap()) == 8


async def test_no_count_stays_in_the_store_for_ever(two: Any, redis: RedisServer):
    from redis.asyncio import Redis

    _, one, _ = two
    one.cheap("2001:db8::/64")
    await one.costly(1)
    await one.link.tell()
    async with Redis.from_url(redis.url) as client:
        ends = [await client.ttl(key) for key in await client.keys("*")]
    assert len(ends) == 2
    assert all(0 < end <= 120 for end in ends)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:port/0", "redis://h/x?socket_timeout=x"])
async def test_an_address_of_a_store_that_cannot_be_is_refused_without_its_password(url: str):
    with pytest.raises(SettingsError, match="RATE_LIMIT_STORE") as caught:
        SharedCounts(url.replace("://", f"://:{PASSWORD}@"), {})
    assert PASSWORD not in str(caught.value)


def test_two_real_processes_share_limits_and_go_on_without_the_store(sqlite_store: Any, tmp_path: Path, redis: RedisServer):
    shutil.copytree(sqlite_store.key_file.parent, tmp_path, dirs_exist_ok=True)
    url = f"sqlite:///{tmp_path}/one.db"
    # A day as window, so that the test does not meet its turn.
    given = {"RATE_LIMIT": "40/day", "RATE_LIMIT_STORE": redis.url}
    with served(url, tmp_path, **given) as (one, _), served(url, tmp_path, **given) as (other, _):
        addresses = [one, other] * 3
        codes = [httpx2.post(f"{address}/v1/auth/login", json={}).status_code == 429 for address in addresses]
        assert codes == [False, False, True, True, True, True]
        redis.stop()
        assert httpx2.get(f"{one}/v1/price").status_code == 429
        assert httpx2.get(f"{one}/health").status_code == 200
        logs = "".join(path.read_text() for path in tmp_path.glob("serve-*.log"))
    assert PASSWORD not in logs


def test_serve_runs_several_processes_on_one_port_that_share_limits(sqlite_store: Any, tmp_path: Path, redis: RedisServer):
    shutil.copytree(sqlite_store.key_file.parent, tmp_path, dirs_exist_ok=True)
    given = {"RATE_LIMIT": "60/day", "RATE_LIMIT_STORE": redis.url, "WEB_PROCESSES": "2"}
    with served(f"sqlite:///{tmp_path}/one.db", tmp_path, **given) as (address, process):
        codes, met = [], set()
        # Each connection is taken by whichever process comes first, and on a busy machine that can be the same one for long.
        while 429 not in codes or (len(met) < 2 and len(codes) < 300):
            answer = httpx2.get(f"{address}/v1/ledger/live/entries")
            codes.append(answer.status_code)
            met.add(answer.headers["x-request-id"].partition("-")[0])
        assert codes[:31] == [200] * 30 + [429]
        assert len(met) == 2
        workers = [child for child in psutil.Process(process.pid).children() if "spawn_main" in " ".join(child.cmdline())]
        assert len(workers) == 2
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    assert not [worker for worker in workers if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE]
