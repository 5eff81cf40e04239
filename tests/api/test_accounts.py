"""Keys at work: made, used, limited, rotated, revoked; accounts exported and deleted."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from btcforecast.accounts.audit import Actor, verify_audit
from btcforecast.accounts.keys import create_key
from btcforecast.accounts.people import add_person
from btcforecast.accounts.roles import ROLES, RoleName
from btcforecast.core import ManualClock
from btcforecast.store.database import Database

pytestmark = pytest.mark.asyncio(loop_scope="session")
NOW = 1_764_547_200
COMMAND = Actor("command line")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/one.db")
    await opened.migrate()
    yield opened
    await opened.close()


@pytest.fixture
def store(database: Database, tmp_path: Path) -> SimpleNamespace:
    assert database.is_sqlite
    return SimpleNamespace(url=f"sqlite:///{tmp_path}/one.db", key_file=tmp_path / "signing.key")


@pytest.fixture
async def headers(database: Database) -> Callable[[RoleName], Any]:
    async def make(role: RoleName) -> dict[str, str]:
        async with database.transaction() as connection:
            person = await add_person(connection, email=f"{role}@example.org", role=role, actor=COMMAND, at=NOW)
            may = ROLES[role].permissions
            _, text = await create_key(
                connection, person.id, name="first", scopes=may, allowed=may, days=90, actor=COMMAND, at=NOW
            )
        return {"Authorization": f"Bearer {text}"}

    return make


async def test_a_key_is_made_used_rotated_and_revoked(store: Any, headers: Any, run_app: Any, clock: ManualClock):
    clock.at = NOW
    mine = await headers(RoleName.READER)
    async with run_app(store) as client:
        me = (await client.get("/v1/me", headers=mine)).json()
        assert (me["person"]["email"], me["key"]["name"]) == ("reader@example.org", "first")
        assert (me["permissions"], me["per_minute"], me["per_minute_of_key"]) == (["account:read", "account:write"], 1200, 600)

        made = await client.post("/v1/me/keys", headers=mine, json={"name": "laptop", "scopes": ["account:read"], "days": 30})
        assert made.status_code == 201
        assert made.headers["cache-control"] == "no-store"
        second = {"Authorization": f"Bearer {made.json()['text']}"}
        key_id = made.json()["key"]["id"]
        assert (await client.get("/v1/me", headers=second)).json()["permissions"] == ["account:read"]
        listed = (await client.get("/v1/me/keys", headers=mine)).json()["keys"]
        assert {key["name"] for key in listed} == {"first", "laptop"}
        assert made.json()["text"] not in str(listed)

        rotated = await client.post(f"/v1/me/keys/{key_id}/rotate", headers=mine, json={"overlap_hours": 1})
        third = {"Authorization": f"Bearer {rotated.json()['text']}"}
        assert [(await client.get("/v1/me", headers=one)).status_code for one in (second, third)] == [200, 200]
        clock.advance(3600)
        assert [(await client.get("/v1/me", headers=one)).status_code for one in (second, third)] == [401, 200]

        new_id = rotated.json()["key"]["id"]
        revoked = await client.delete(f"/v1/me/keys/{new_id}", headers=mine)
        assert revoked.json()["counts"] is False
        refused = await client.get("/v1/me", headers=third)
        assert (refused.status_code, refused.json()["detail"]) == (401, "The API key “laptop” was revoked.")


async def test_a_key_makes_no_key_that_may_more(store: Any, headers: Any, run_app: Any, clock: ManualClock):
    clock.at = NOW
    mine = await headers(RoleName.ADMINISTRATOR)
    async with run_app(store) as client:
        asked = {"name": "narrow", "scopes": ["account:write"]}
        narrow = (await client.post("/v1/me/keys", headers=mine, json=asked)).json()["text"]
        refused = await client.post(
            "/v1/me/keys", headers={"Authorization": f"Bearer {narrow}"}, json={"name": "wide", "scopes": ["people:write"]}
        )
    assert refused.status_code == 422
    assert "whoever asks for it has not got it" in refused.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a", "role": "administrator"},
        {"name": "a", "days": 9999},
        {"name": "a" * 65},
        {"name": "a\u0000b"},
        {"scopes": ["root"], "name": "a"},
        {},
        [],
    ],
)
async def test_a_body_that_says_more_or_less_than_is_asked_is_refused(
    store: Any, headers: Any, run_app: Any, clock: ManualClock, body: object
):
    clock.at = NOW
    mine = await headers(RoleName.READER)
    async with run_app(store) as client:
        found = await client.post("/v1/me/keys", headers=mine, json=body)
        assert found.status_code == 422
        assert len((await client.get("/v1/me/keys", headers=mine)).json()["keys"]) == 1


async def test_a_body_nested_without_end_is_refused(store: Any, headers: Any, run_app: Any, clock: ManualClock):
    clock.at = NOW
    mine = await headers(RoleName.READER)
    async with run_app(store) as client:
        deep = await client.post("/v1/me/keys", headers={**mine, "Content-Type": "application/json"}, content="[" * 100_000)
    assert deep.status_code == 422


async def test_guessing_keys_uses_up_the_address(store: Any, headers: Any, run_app: Any, clock: ManualClock):
    clock.at = NOW
    text = (await headers(RoleName.READER))["Authorization"]
    wrong = {"Authorization": text[:-1] + ("a" if text[-1] != "a" else "b")}
    async with run_app(store, rate_limit="3/minute") as client:
        codes = [(await client.get("/v1/status", headers=wrong)).status_code for _ in range(5)]
    assert codes == [401, 401, 401, 429, 429]


async def test_what_another_process_changes_is_felt_within_a_second(store: Any, headers: Any, run_app: Any, clock: ManualClock):
    clock.at = NOW
    mine = await headers(RoleName.READER)
    async with run_app(store) as one, run_app(store) as other:
        assert (await other.get("/v1/me", headers=mine)).status_code == 200
        key_id = (await one.get("/v1/me", headers=mine)).json()["key"]["id"]
        await one.delete(f"/v1/me/keys/{key_id}", headers=mine)
        assert (await one.get("/v1/me", headers=mine)).status_code == 401
        clock.advance(1)
        assert (await other.get("/v1/me", headers=mine)).status_code == 401


async def test_the_last_use_is_written_down(store: Any, headers: Any, run_app: Any, clock: ManualClock):
    clock.at = NOW
    mine = await headers(RoleName.READER)
    running = run_app(store)
    async with running as client:
        clock.advance(100)
        await client.get("/v1/me", headers=mine)
        await running.service.callers.write_uses()
        keys = (await client.get("/v1/me/keys", headers=mine)).json()["keys"]
    assert keys[0]["last_used_at"] == "2025-12-01T00:01:40Z"


async def test_an_account_is_exported_and_deleted_with_all_keys(
    store: Any, headers: Any, run_app: Any, clock: ManualClock, database: Database
):
    clock.at = NOW
    mine, admin = await headers(RoleName.READER), await headers(RoleName.ADMINISTRATOR)
    async with run_app(store) as client:
        found = (await client.get("/v1/me/export", headers=mine)).json()
        person_id = found["person"]["id"]
        assert [event["action"] for event in found["events"]] == ["key.created", "person.added"]
        wrong = await client.delete("/v1/me", params={"confirm": "administrator@example.org"}, headers=mine)
        assert wrong.status_code == 422
        assert (await client.get("/v1/me", headers=mine)).status_code == 200
        assert (await client.delete("/v1/me", params={"confirm": "Reader@example.org"}, headers=mine)).status_code == 204
        assert (await client.get("/v1/me", headers=mine)).status_code == 401
        assert (await client.get(f"/v1/people/{person_id}", headers=admin)).status_code == 404
        kept = (await client.get("/v1/audit", params={"person": person_id}, headers=admin)).json()["events"]
        assert [event["action"] for event in kept][:1] == ["person.deleted"]
        last = await client.delete("/v1/me", params={"confirm": "administrator@example.org"}, headers=admin)
        assert (last.status_code, "last administrator" in last.json()["detail"]) == (409, True)
    async with database.read() as connection:
        assert (await verify_audit(connection)).fault is None


async def test_administrators_add_find_change_and_page_through_people(store: Any, headers: Any, run_app: Any, clock: ManualClock):
    clock.at = NOW
    admin = await headers(RoleName.ADMINISTRATOR)
    async with run_app(store) as client:
        for name in ("ada", "grace", "eve_1"):
            added = await client.post("/v1/people", headers=admin, json={"email": f"{name}@example.com", "name": name.title()})
            assert added.status_code == 201
        eve = added.json()["id"]
        assert (await client.post("/v1/people", headers=admin, json={"email": "ADA@example.com"})).status_code == 409
        # What people write is searched for as it stands: no wildcards.
        found = (await client.get("/v1/people", params={"text": "E_1"}, headers=admin)).json()["people"]
        assert [person["id"] for person in found] == [eve]
        assert (await client.get("/v1/people", params={"text": "%"}, headers=admin)).json()["people"] == []
        seen, cursor = [], None
        while True:
            asked = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
            page = (await client.get("/v1/people", params=asked, headers=admin)).json()
            seen += [person["email"] for person in page["people"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == ["ada@example.com", "administrator@example.org", "eve_1@example.com", "grace@example.com"]

        made = await client.post(f"/v1/people/{eve}/keys", headers=admin, json={"name": "first", "scopes": ["account:read"]})
        hers = {"Authorization": f"Bearer {made.json()['text']}"}
        beyond = await client.post(f"/v1/people/{eve}/keys", headers=admin, json={"name": "b", "scopes": ["audit:read"]})
        assert beyond.status_code == 422
        changed = await client.patch(f"/v1/people/{eve}", headers=admin, json={"role": "analyst"})
        assert changed.json()["role"] == "analyst"
        assert (await client.get("/v1/me", headers=hers)).json()["person"]["role"] == "analyst"
        await client.patch(f"/v1/people/{eve}", headers=admin, json={"disabled": True})
        assert (await client.get("/v1/me", headers=hers)).status_code == 401
        me = (await client.get("/v1/me", headers=admin)).json()["person"]["id"]
        own = await client.patch(f"/v1/people/{me}", headers=admin, json={"role": "reader"})
        assert own.status_code == 403


async def test_administrators_export_the_log_as_lines_that_check_each_other(
    store: Any, headers: Any, run_app: Any, clock: ManualClock
):
    clock.at = NOW
    admin, mine = await headers(RoleName.ADMINISTRATOR), await headers(RoleName.READER)
    async with run_app(store) as client:
        assert (await client.get("/v1/audit/export", headers=mine)).status_code == 403
        answer = await client.get("/v1/audit/export", headers=admin)
        found = (await client.get("/v1/audit", params={"limit": 1}, headers=admin)).json()["events"]
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    lines = answer.text.splitlines()
    before = [hashlib.sha256(line.encode()).hexdigest() for line in lines]
    assert [json.loads(line)["prev"] for line in lines] == ["00" * 32, *before[:-1]]
    # The export is an act of its own, the last one in it; where from is not in the lines, but is shown.
    last = json.loads(lines[-1])
    assert (last["action"], found[0]["action"], last["seq"]) == ("audit.exported", "audit.exported", found[0]["seq"])
    assert "network" not in last
    assert found[0]["network"] is not None


async def test_a_revoked_key_that_is_still_used_is_one_entry_a_minute(store: Any, headers: Any, run_app: Any, clock: ManualClock):
    clock.at = NOW
    admin, mine = await headers(RoleName.ADMINISTRATOR), await headers(RoleName.READER)
    async with run_app(store) as client:
        key_id = (await client.get("/v1/me", headers=mine)).json()["key"]["id"]
        await client.delete(f"/v1/me/keys/{key_id}", headers=mine)
        await asyncio.gather(*(client.get("/v1/status", headers=mine) for _ in range(3)))
        clock.advance(60)
        await client.get("/v1/status", headers=mine)
        asked = {"action": "key.refused", "result": "refused"}
        kept = (await client.get("/v1/audit", params=asked, headers=admin)).json()["events"]
    assert [(event["actor"], event["facts"]["key"]) for event in kept] == [("anonymous", key_id)] * 2


async def test_a_database_that_is_away_is_said_so_and_lets_nobody_in(store: Any, headers: Any, run_app: Any, clock: ManualClock):
    clock.at = NOW
    mine = await headers(RoleName.ADMINISTRATOR)
    running = run_app(store)
    async with running as client:
        damage(Path(store.url.removeprefix("sqlite:///")))
        await running.service.database.close()
        found: httpx2.Response = await client.get("/v1/people", headers=mine)
    assert found.status_code == 503
    assert found.headers["retry-after"] == "30"


def damage(file: Path) -> None:
    file.write_bytes(b"this is no database at all" * 400)
    for end in ("-wal", "-shm"):
        file.with_name(file.name + end).unlink(missing_ok=True)
