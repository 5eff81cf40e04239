"""RLM-1 to RLM-4, JWT-4: limits by address, person, key and what requests cost, by plan; use that is counted and shown."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from seeded_store import NOW

from btcforecast.accounts.audit import Actor
from btcforecast.accounts.keys import create_key
from btcforecast.accounts.people import add_person, delete_person, set_plan
from btcforecast.accounts.plans import PLANS, PlanName
from btcforecast.accounts.roles import ROLES, RoleName
from btcforecast.api.costs import AUTHENTICATION_COST, Costs
from btcforecast.api.edge.limits import Limits
from btcforecast.api.openapi import openapi_document
from btcforecast.api.usage import Usage
from btcforecast.core import ManualClock
from btcforecast.store.database import Database

pytestmark = pytest.mark.asyncio(loop_scope="session")
COMMAND = Actor("command line")
LEFT = 60 - NOW % 60


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Database]:
    found = Database(f"sqlite:///{tmp_path}/one.db")
    await found.migrate()
    yield found
    await found.close()


@pytest.fixture
def store(opened: Database, tmp_path: Path) -> SimpleNamespace:
    assert opened.is_sqlite
    return SimpleNamespace(url=f"sqlite:///{tmp_path}/one.db", key_file=tmp_path / "signing.key")


@pytest.fixture
async def person(opened: Database) -> Callable[..., Any]:
    async def make(
        email: str = "ada@example.org", *, plan: PlanName = PlanName.FREE, role: RoleName = RoleName.READER, n_keys: int = 1
    ) -> Any:
        async with opened.transaction() as connection:
            added = await add_person(connection, email=email, role=role, actor=COMMAND, at=NOW)
            await set_plan(connection, added.id, plan, actor=COMMAND, at=NOW)
            may = ROLES[role].permissions
            keys = [
                await create_key(connection, added.id, name=f"k{i}", scopes=may, allowed=may, days=9, actor=COMMAND, at=NOW)
                for i in range(n_keys)
            ]
        return SimpleNamespace(id=added.id, key_ids=[key.id for key, _ in keys], headers=[_bearer(text) for _, text in keys])

    return make


def _bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


async def test_an_address_that_asks_too_often_is_told_when_to_come_again(run_app: Any, sqlite_store: Any, clock: ManualClock):
    async with run_app(sqlite_store, rate_limit="3/minute") as client:
        first = await client.get("/v1/price")
        assert first.headers["ratelimit-policy"] == '"address";q=3;w=60'
        assert first.headers["ratelimit"] == f'"address";r=2;t={LEFT}'
        assert not [name for name in first.headers if name.startswith("ratelimit-") and name != "ratelimit-policy"]
        assert [(await client.get("/v1/price")).status_code for _ in range(2)] == [200, 200]
        refused = await client.get("/v1/price")
        assert (refused.status_code, refused.json()["title"]) == (429, "Too many requests")
        assert (refused.headers["retry-after"], refused.headers["ratelimit"]) == (str(LEFT), f'"address";r=0;t={LEFT}')
        assert (await client.get("/v1/forecasts/latest")).status_code == 429
        assert (await client.get("/health")).status_code == 200
        assert "ratelimit" not in (await client.get("/health")).headers
        clock.advance(LEFT)
        assert (await client.get("/v1/price")).status_code == 200


async def test_a_header_that_claims_another_address_changes_nothing(run_app: Any, sqlite_store: Any):
    async with run_app(sqlite_store, rate_limit="2/minute") as client:
        claims = [
            {"X-Forwarded-For": f"198.51.100.{n}", "Forwarded": f"for=198.51.100.{n}", "X-Real-IP": "::1"} for n in range(3)
        ]
        assert [(await client.get("/v1/price", headers=claim)).status_code for claim in claims] == [200, 200, 429]


async def test_behind_a_trusted_proxy_each_client_and_each_ipv6_subscriber_counts_for_itself(run_app: Any, sqlite_store: Any):
    async with run_app(sqlite_store, rate_limit="1/minute", trusted_proxies=("203.0.113.0/24",)) as client:
        asked = ["198.51.100.1", "198.51.100.2", "198.51.100.1", "2001:db8:1:2::1", "2001:db8:1:2:ff::", "2001:db8:1:3::1"]
        codes = [(await client.get("/v1/price", headers={"X-Forwarded-For": address})).status_code for address in asked]
    assert codes == [200, 200, 429, 200, 429, 200]


async def test_what_costs_more_uses_up_more_and_what_is_refused_nothing(run_app: Any, sqlite_store: Any):
    async with run_app(sqlite_store, rate_limit="8/minute") as client:
        asked = ["/v1/track-record", "/v1/track-record", "/v1/price", "/v1/probability?above=9&horizon=24h", "/v1/price"]
        found = [await client.get(address) for address in asked]
    assert [answer.status_code for answer in found] == [200, 429, 200, 200, 429]
    assert [answer.headers["ratelimit"].split(";")[1] for answer in found] == ["r=3", "r=3", "r=2", "r=0", "r=0"]


async def test_what_costs_more_than_there_ever_is_can_be_asked_once(run_app: Any, sqlite_store: Any, clock: ManualClock):
    async with run_app(sqlite_store, rate_limit="2/minute") as client:
        assert [(await client.get("/v1/track-record")).status_code for _ in range(2)] == [200, 429]
        clock.advance(60)
        assert [(await client.get(path)).status_code for path in ("/v1/price", "/v1/track-record")] == [200, 429]


async def test_guessing_at_log_in_is_limited_by_address_whoever_asks(store: Any, person: Any, run_app: Any, clock: ManualClock):
    clock.at = NOW
    ada = await person(plan=PlanName.PARTNER)
    n_allowed = 3
    async with run_app(store, rate_limit=f"{n_allowed * AUTHENTICATION_COST}/minute") as client:
        for headers in ({}, ada.headers[0]):
            answers = [await client.post("/v1/auth/login", json={}, headers=headers) for _ in range(n_allowed + 1)]
            assert [answer.status_code == 429 for answer in answers] == [False] * n_allowed + [True]
            assert answers[0].headers["ratelimit-policy"].startswith('"address"')
            clock.advance(60)


async def test_people_are_limited_by_plan_over_all_keys_and_each_key_by_its_share(
    store: Any, person: Any, run_app: Any, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
):
    clock.at = NOW
    # The promised table would take thousands of requests; the rule is the same for smaller numbers.
    monkeypatch.setitem(PLANS, PlanName.FREE, type(PLANS[PlanName.FREE])(per_minute=5, per_minute_of_key=3))
    ada = await person(n_keys=2)
    async with run_app(store, rate_limit="2/minute") as client:
        one, other = ada.headers
        first = await client.get("/v1/status", headers=one)
        assert first.headers["ratelimit-policy"] == '"person";q=5;w=60, "key";q=3;w=60'
        assert first.headers["ratelimit"] == '"person";r=4;t=30, "key";r=2;t=30'
        codes = [(await client.get("/v1/status", headers=headers)).status_code for headers in [one] * 3 + [other] * 3]
        assert codes == [200, 200, 429, 200, 200, 429]
        # The address has not been used up by its people, and is used up by those without a key.
        assert [(await client.get("/v1/status")).status_code for _ in range(3)] == [200, 200, 429]
        clock.advance(60)
        assert (await client.get("/v1/status", headers=one)).status_code == 200


async def test_a_plan_changed_by_one_process_is_felt_within_a_second_by_all(
    store: Any, person: Any, run_app: Any, clock: ManualClock
):
    clock.at = NOW
    ada, admin = await person(), await person("root@example.org", role=RoleName.ADMINISTRATOR)
    async with run_app(store) as one, run_app(store) as other:
        assert '"person";q=1200' in (await other.get("/v1/status", headers=ada.headers[0])).headers["ratelimit-policy"]
        changed = await one.patch(f"/v1/people/{ada.id}", json={"plan": "pro"}, headers=admin.headers[0])
        assert changed.json()["plan"] == "pro"
        clock.advance(1)
        policies = [
            (await client.get("/v1/status", headers=ada.headers[0])).headers["ratelimit-policy"] for client in (one, other)
        ]
        assert policies == ['"person";q=6000;w=60, "key";q=3000;w=60'] * 2
        mine = (await one.get("/v1/me", headers=ada.headers[0])).json()
        assert (mine["person"]["plan"], mine["per_minute"], mine["per_minute_of_key"]) == ("pro", 6000, 3000)
        events = (await one.get("/v1/audit", params={"action": "person.plan_changed"}, headers=admin.headers[0])).json()["events"]
        assert [(event["subject"], event["facts"]) for event in events] == [(ada.id, {"from": "free", "to": "pro"})]
        refused = await one.patch(f"/v1/people/{ada.id}", json={"plan": "partner"}, headers=ada.headers[0])
        assert refused.status_code == 403


async def test_no_plan_gives_less_than_a_lesser_one_and_no_key_more_than_its_person():
    plans = [PLANS[name] for name in PlanName]
    assert [plan.per_minute for plan in plans] == sorted({plan.per_minute for plan in plans})
    assert all(0 < plan.per_minute_of_key <= plan.per_minute for plan in plans)


async def test_counting_fails_open_when_too_many_addresses_come(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("btcforecast.api.edge.limits._MOST_KEYS", 2)
    limits = Limits("1/minute", ManualClock(NOW))
    allowed = [limits.admit(limits.of_address(address), 1).is_allowed for address in ("a", "b", "a", "c", "c")]
    assert allowed == [True, True, False, True, True]


async def test_every_operation_says_what_it_costs():
    operations = [
        (method, path, operation)
        for path, methods in openapi_document()["paths"].items()
        for method, operation in methods.items()
    ]
    assert all(isinstance(operation["x-cost"], int) for _, _, operation in operations)
    costs = Costs(openapi_document())
    for method, path, operation in operations:
        if operation["x-cost"]:
            assert costs.of(method.upper(), path.replace("{", "").replace("}", "")) == operation["x-cost"], path
    with (Path(__file__).parent / "permissions.csv").open() as rows:
        signing_in = [row for row in csv.DictReader(rows) if row["path"].startswith("/v1/auth/") and row["method"] != "GET"]
    assert all(costs.of(row["method"], row["path"]) >= AUTHENTICATION_COST for row in signing_in)
    assert costs.of("POST", "/v1/auth/whatever/comes") == AUTHENTICATION_COST
    assert costs.of("HEAD", "/v1/track-record") == costs.of("GET", "/v1/track-record") > 1


async def test_use_is_shown_by_day_and_key_and_exported(store: Any, person: Any, run_app: Any, clock: ManualClock):
    clock.at = NOW
    ada = await person(n_keys=2)
    one, other = ada.headers
    async with run_app(store) as client:
        await client.get("/v1/probability?above=9&horizon=24h", headers=other)
        clock.advance(86400)
        await client.get("/v1/status", headers=one)
        usage = (await client.get("/v1/me/usage", headers=one)).json()
        exported = (await client.get("/v1/me/export", headers=one)).json()["usage"]
    assert usage["plan"] == "free"
    assert [(quota["name"], quota["limit"], quota["remaining"]) for quota in usage["quotas"]] == [
        ("person", 1200, 1198),
        ("key", 600, 598),
    ]
    first, second = ada.key_ids
    days = [(day["day"], day["key"], day["n_requests"], day["cost"]) for day in usage["days"]]
    assert days == [("2025-12-06", first, 2, 2), ("2025-12-05", second, 1, 2)]
    assert [day["cost"] for day in exported if day["key"] == first] == [12]


async def test_use_adds_up_over_processes_and_ends_with_the_person(opened: Database, person: Any):
    ada = await person()
    clock = ManualClock(NOW)
    processes = [Usage(opened, clock) for _ in range(3)]
    for usage in processes:
        usage.note(ada.id, "", 5)
        usage.note("p_of_nobody", "", 5)
    await asyncio.gather(*(usage.write() for usage in processes))
    from btcforecast.store.usage import UsageStore

    async with opened.read() as connection:
        rows = await UsageStore(connection).days(ada.id, since=NOW)
    assert [(row.day % 86400, row.key_id, row.n_requests, row.cost) for row in rows] == [(0, "", 3, 15)]
    async with opened.transaction() as connection:
        await delete_person(connection, ada.id, actor=COMMAND, at=NOW)
    async with opened.read() as connection:
        assert await UsageStore(connection).days(ada.id, since=NOW) == []


async def test_use_is_kept_while_the_database_is_away(tmp_path: Path, opened: Database, person: Any):
    ada = await person()
    usage = Usage(opened, ManualClock(NOW))
    usage.note(ada.id, "", 1)
    database = tmp_path / "one.db"
    await opened.close()
    hidden = database.rename(tmp_path / "hidden.db")
    database.mkdir()
    await usage.write()
    database.rmdir()
    hidden.rename(database)
    usage.note(ada.id, "", 1)
    await usage.write()
    from btcforecast.store.usage import UsageStore

    async with opened.read() as connection:
        assert [row.n_requests for row in await UsageStore(connection).days(ada.id, since=NOW)] == [2]
