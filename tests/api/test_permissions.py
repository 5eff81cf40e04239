"""The permission matrix: every operation of the document, called by every kind of caller (USR-3, SEC-4).

permissions.csv says what each operation needs; an operation without a row fails, and so does a row without an operation.
"""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from btcforecast.accounts.audit import Actor
from btcforecast.accounts.keys import create_key, revoke_key
from btcforecast.accounts.login.sessions import end_session, open_session
from btcforecast.accounts.people import add_person, disable, find_person
from btcforecast.accounts.roles import ROLES, Permission, RoleName
from btcforecast.api.service import Service
from btcforecast.core import ManualClock
from btcforecast.store.database import Database

in_session = pytest.mark.asyncio(loop_scope="session")
NOW = 1_764_547_200
DAY = 86400
ROOT = Path(__file__).parents[2]
MATRIX = list(csv.DictReader((Path(__file__).parent / "permissions.csv").read_text().splitlines()))
OPERATIONS = {
    (method.upper(), path): operation
    for path, operations in json.loads((ROOT / "frontend" / "openapi.json").read_text())["paths"].items()
    for method, operation in operations.items()
}
COMMAND = Actor("command line")
OPEN = [row for row in MATRIX if row["needs"] == "open"]
# Log-ins: whoever asks proves it by what they send.
OWN_PROOF = [row for row in MATRIX if row["needs"] == "own proof"]
OF_SESSIONS = [row for row in MATRIX if row["needs"] == "session"]
OF_PERMISSIONS = [row for row in MATRIX if row["needs"] in list(Permission)]


def named(row: dict[str, str]) -> str:
    return f"{row['method']} {row['path']}"


class People:
    """A service with nothing but people, and a key of every kind."""

    def __init__(self, client: httpx2.AsyncClient, service: Service, keys: dict[str, str], ids: dict[str, str]) -> None:
        self.client, self.service, self.keys, self.ids = client, service, keys, ids

    async def credential(self, kind: str) -> str:
        """Return a key of this kind, or the access token of a new session: of the administrator who has nothing else."""
        if "session" not in kind:
            return self.keys[kind]
        identity = self.service.identity
        at = NOW - 3600 if kind == "stale session" else NOW
        async with identity.database.transaction() as connection:
            person = await find_person(connection, "session@example.org")
            opened = await open_session(
                identity, connection, person, methods=("pwd",), network="203.0.113.7", device="test", at=at
            )
            if kind == "ended session":
                await end_session(connection, person.id, opened.session.id, actor=COMMAND, at=NOW)
        return identity.tokens.sign(person.id, opened.session.id, at=NOW)

    async def call(self, row: dict[str, str], kind: str | None, **ids: str) -> httpx2.Response:
        """Call an operation as one kind of caller, with parameters that are well formed and name nothing that exists."""
        given = {"key_id": "0" * 12, "person_id": "p_" + "0" * 24, "session_id": "s_" + "0" * 24, **ids}
        path = row["path"]
        operation = OPERATIONS[row["method"], row["path"]]
        query = {}
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                value = given.get(parameter["name"], "live" if parameter["name"] == "ledger" else "0")
                path = path.replace(f"{{{parameter['name']}}}", value)
            elif parameter.get("required"):
                query[parameter["name"]] = "nobody@example.org" if parameter["name"] == "confirm" else "1"
        headers = {} if kind is None else {"Authorization": f"Bearer {await self.credential(kind)}"}
        body: dict[str, Any] | None = None
        if "requestBody" in operation:
            body = {"email": "new"} if row["path"] == "/v1/people" else {"name": ""} if path.endswith("keys") else {}
        return await self.client.request(row["method"], path, params=query, headers=headers, json=body)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def people(tmp_path_factory: pytest.TempPathFactory, start_app: Any) -> AsyncIterator[People]:
    folder = tmp_path_factory.mktemp("people")
    url = f"sqlite:///{folder}/one.db"
    keys: dict[str, str] = {}
    ids: dict[str, str] = {}

    async def fill() -> None:
        database = Database(url)
        await database.migrate()
        for name in (*RoleName, "disabled", "other", "session"):
            role = name if isinstance(name, RoleName) else RoleName.ADMINISTRATOR
            async with database.transaction() as connection:
                person = await add_person(connection, email=f"{name}@example.org", role=role, actor=COMMAND, at=NOW)
                ids[name] = person.id
                keys[name] = await make(connection, person.id, "all", tuple(ROLES[role].permissions))
                if name == RoleName.ADMINISTRATOR:
                    keys["no scope"] = await make(connection, person.id, "none", ())
                    keys["expired"] = await make(connection, person.id, "expired", tuple(Permission), at=NOW - 2 * DAY, days=1)
                    keys["revoked"] = await make(connection, person.id, "revoked", tuple(Permission))
                    await revoke_key(connection, person.id, keys["revoked"].split("_")[1], actor=COMMAND, at=NOW)
                if name == "disabled":
                    await disable(connection, person.id, actor=COMMAND, at=NOW)
        await database.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(fill())).result()
    store = SimpleNamespace(url=url, key_file=folder / "signing.key")
    running = start_app(store, ManualClock(NOW))
    async with running as client:
        yield People(client, running.service, keys, ids)


async def make(connection: Any, person_id: str, name: str, scopes: tuple[str, ...], *, at: int = NOW, days: int = 90) -> str:
    allowed = frozenset(Permission)
    made = await create_key(connection, person_id, name=name, scopes=scopes, allowed=allowed, days=days, actor=COMMAND, at=at)
    return made[1]


def test_every_operation_has_its_row():
    assert {(row["method"], row["path"]) for row in MATRIX} == set(OPERATIONS)
    assert len(OPEN) + len(OWN_PROOF) + len(OF_SESSIONS) + len(OF_PERMISSIONS) == len(MATRIX)
    assert {key for key, operation in OPERATIONS.items() if "security" in operation} == {
        (row["method"], row["path"]) for row in OF_SESSIONS + OF_PERMISSIONS
    }


@pytest.mark.parametrize("row", OF_PERMISSIONS, ids=named)
@in_session
async def test_what_is_closed_opens_to_exactly_those_who_may(people: People, row: dict[str, str]):
    kinds = (*(kind for kind in people.keys if kind != "session"), "a session", "ended session", None)
    found = {kind: (await people.call(row, kind)).status_code for kind in kinds}
    assert found["a session"] not in (401, 403)
    if not row["recent"]:
        assert (await people.call(row, "stale session")).status_code not in (401, 403)
    for role in RoleName:
        if row["needs"] in ROLES[role].permissions:
            assert found[role] not in (401, 403), role
        else:
            assert found[role] == 403, role
    assert found["no scope"] == 403
    assert {found[kind] for kind in (None, "disabled", "expired", "revoked", "ended session")} == {401}


@pytest.mark.parametrize("row", OF_SESSIONS, ids=named)
@in_session
async def test_what_needs_a_session_opens_to_no_key(people: People, row: dict[str, str]):
    found = {kind: (await people.call(row, kind)).status_code for kind in (*RoleName, "a session", "ended session", None)}
    assert found["a session"] not in (401, 403)
    assert {found[role] for role in RoleName} == {403}
    assert {found[kind] for kind in ("ended session", None)} == {401}


@pytest.mark.parametrize("row", [row for row in MATRIX if row["recent"]], ids=named)
@in_session
async def test_what_needs_a_recent_log_in_asks_for_it_in_the_standard_form(people: People, row: dict[str, str]):
    found = await people.call(row, "stale session")
    assert (found.status_code, found.json()["title"]) == (401, "Confirm that it is you")
    assert 'error="insufficient_user_authentication"' in found.headers["www-authenticate"]


@pytest.mark.parametrize("row", OWN_PROOF, ids=named)
@in_session
async def test_log_ins_believe_no_body_that_proves_nothing(people: People, row: dict[str, str]):
    found = await people.call(row, None)
    assert found.status_code in (401, 422) or row["path"] == "/v1/auth/logout"


@pytest.mark.parametrize("row", [row for row in OPEN if "stream" not in row["path"]], ids=named)
@in_session
async def test_what_is_open_is_open_to_everybody_but_not_to_keys_that_do_not_count(people: People, row: dict[str, str]):
    for kind in (None, *RoleName, "no scope"):
        assert (await people.call(row, kind)).status_code not in (401, 403), kind
    for kind in ("disabled", "expired", "revoked", "ended session"):
        assert (await people.call(row, kind)).status_code == 401, kind


@in_session
async def test_somebody_elses_keys_are_not_there(people: People):
    theirs = people.keys["other"].split("_")[1]
    for method, path in (("DELETE", "/v1/me/keys/{key_id}"), ("POST", "/v1/me/keys/{key_id}/rotate")):
        found = await people.call({"method": method, "path": path}, RoleName.ADMINISTRATOR, key_id=theirs)
        assert found.status_code == 404


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
        "Bearer btcf_x",
        "Bearer \u00ff\u00fe",
    ],
)
@in_session
async def test_what_is_no_key_is_refused_in_the_standard_form(people: People, header: str):
    found = await people.client.get("/v1/me", headers={"Authorization": header.encode("latin-1")})
    assert found.status_code == 401
    assert found.headers["www-authenticate"] == 'Bearer realm="btcforecast", error="invalid_token"'
    assert found.json()["title"] == "Not logged in"


@in_session
async def test_another_scheme_is_no_key_and_no_fault(people: People):
    headers = {"Authorization": "Basic YTpi"}
    assert (await people.client.get("/v1/status", headers=headers)).status_code == 200
    assert (await people.client.get("/v1/me", headers=headers)).json()["detail"].startswith("This needs an API key or a log-in")


@in_session
async def test_a_refusal_names_what_is_missing_and_is_kept_in_the_audit_log(people: People):
    found = await people.call({"method": "GET", "path": "/v1/audit"}, RoleName.READER)
    assert found.headers["www-authenticate"] == 'Bearer realm="btcforecast", error="insufficient_scope"'
    assert "audit:read" in found.json()["detail"]
    headers = {"Authorization": f"Bearer {people.keys['administrator']}"}
    kept = await people.client.get(
        "/v1/audit", params={"person": people.ids[RoleName.READER], "action": "access.refused"}, headers=headers
    )
    newest = kept.json()["events"][0]
    assert (newest["result"], newest["network"], newest["facts"]["needs"]) == ("refused", "203.0.113.7", "audit:read")
    assert people.keys[RoleName.READER].split("_")[1] == newest["key"]
