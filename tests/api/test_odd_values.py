"""Odd values in every parameter of every operation, on both databases (SEC-5)."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from btcforecast.accounts.roles import Permission, RoleName
from btcforecast.api.openapi import openapi_document
from btcforecast.core import ManualClock

sys.path.insert(0, str(Path(__file__).parent))
from logins import PASSWORD, Logins  # found through the path set above

ODD = (
    "\0",
    "a\0b",
    "9" * 20,
    "-1",
    "1_0",
    "1e400",
    "\u0663",
    "\ufffe",
    "💥" * 20,
    "%",
    "x" * 3000,
    "2025-12-01T00:00:00Z\0",
    "p_" + "\0" * 24,
)

ODD_TEXTS = ("a\0b", "\ufffe", "💥" * 20, "x" * 3000)


async def key_for_everything(logins: Logins) -> dict[str, str]:
    await logins.add(role=RoleName.ADMINISTRATOR)
    mine = await logins.session()
    wanted = {"name": "odd", "scopes": [str(permission) for permission in Permission], "days": 366}
    made = await logins.post("me/keys", wanted, headers=mine.headers)
    return {"Authorization": f"Bearer {made.json()['text']}"}


async def test_odd_values_of_any_parameter_break_nothing(logins: Logins, clock: ManualClock):
    """Each parameter of each operation, alone, with a key that may do everything."""
    headers = await key_for_everything(logins)
    broken, statuses = [], set()
    for path, methods in openapi_document()["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", ()):
                if path == "/v1/stream" or parameter["in"] not in ("query", "path"):
                    continue
                for value in ODD:
                    # In another minute, so that the limits do not answer.
                    clock.at += 61
                    address = path.replace(f"{{{parameter['name']}}}", quote(value)).replace("{", "").replace("}", "")
                    query = {parameter["name"]: value} if parameter["in"] == "query" else {}
                    found = await logins.client.request(method, address, params=query, headers=headers, json={})
                    statuses.add(found.status_code)
                    if found.status_code >= 500 and not (found.status_code == 503 and "problem" in found.headers["content-type"]):
                        broken.append((found.status_code, method, path, parameter["name"], value[:30]))
    assert broken == []
    assert 429 not in statuses
    assert {200, 404, 422} <= statuses


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_odd_values_of_any_field_break_nothing(logins: Logins, clock: ManualClock):
    """Each text of each body, alone, beside others that can be used."""
    headers = await key_for_everything(logins)
    document = openapi_document()
    broken, statuses = [], set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            if "$ref" not in schema:
                continue
            fields = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]].get("properties", {})
            usable = {
                name: "ada@example.org" if name == "email" else PASSWORD
                for name in fields
                if name in ("email", "password", "name")
            }
            usable |= {name: "x" * 43 for name in fields if name in ("token", "refresh_token")}
            for name in fields:
                for value in ODD_TEXTS:
                    clock.at += 61
                    body = usable | {name: value}
                    found = await logins.client.request(
                        method, path.replace("{", "").replace("}", ""), json=body, headers=headers
                    )
                    statuses.add(found.status_code)
                    if found.status_code >= 500:
                        broken.append((found.status_code, method, path, name, value[:30]))
    assert broken == []
    assert {401, 422} <= statuses
