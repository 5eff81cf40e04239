"""TLS and where to report weaknesses (DAT-2, RFC 9116)."""

from __future__ import annotations

from typing import Any

import pytest

from btcforecast.api.security_txt import security_txt_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
STRICT = {
    "environment": "production",
    "allow_sqlite_in_production": True,
    "market": "simulated",
    "trusted_proxies": ("203.0.113.0/24",),
}
CLEAR = {"X-Forwarded-Proto": "http"}


async def test_pages_are_led_to_tls_and_programs_are_told(run_app: Any, sqlite_store: Any):
    async with run_app(sqlite_store, **STRICT) as client:
        page = await client.get("/record", headers=CLEAR)
        assert (page.status_code, page.headers["location"]) == (308, "https://api.test/record")
        # What a key is sent to must not be led on silently.
        program = await client.get("/v1/status", headers=CLEAR)
        assert (program.status_code, "https:// only" in program.json()["detail"]) == (403, True)
        assert (await client.get("/v1/status", headers={"X-Forwarded-Proto": "https"})).status_code == 200
        assert (await client.get("/health", headers=CLEAR)).status_code == 200
        assert page.headers["strict-transport-security"].startswith("max-age=63072000")


async def test_nobody_is_led_elsewhere_by_a_path_or_a_stranger(run_app: Any, sqlite_store: Any):
    async with run_app(sqlite_store, **STRICT) as client:
        for path in ("//evil.example/", "/\\evil.example", "/%0d%0aX-Evil:1"):
            found = await client.get(path, headers=CLEAR)
            assert found.headers.get("location", "https://api.test/").startswith("https://api.test/")
            assert "x-evil" not in found.headers
    async with run_app(sqlite_store, **{**STRICT, "trusted_proxies": ()}) as client:
        assert (await client.get("/v1/status", headers=CLEAR)).status_code == 200


async def test_weaknesses_are_reported_where_the_operator_says(run_app: Any, sqlite_store: Any):
    contacts = ("mailto:security@example.org", "https://example.org/report")
    async with run_app(sqlite_store, security_contact=contacts) as client:
        found = await client.get("/.well-known/security.txt")
    lines = [line.split(": ", 1) for line in found.text.splitlines()]
    assert found.headers["content-type"] == "text/plain; charset=utf-8"
    assert [value for name, value in lines if name == "Contact"] == list(contacts)
    assert dict(lines)["Canonical"] == "https://api.test/.well-known/security.txt"
    # Less than a year ahead, and one end only (RFC 9116, section 2.5.5).
    assert [value for name, value in lines if name == "Expires"] == ["2026-06-03T00:00:00Z"]
    async with run_app(sqlite_store) as client:
        assert (await client.get("/.well-known/security.txt")).status_code == 404


async def test_the_end_of_the_file_moves_on_day_by_day():
    first, later = (security_txt_of(["mailto:a@example.org"], public_url="https://b.example", now=at) for at in (86399, 86400))
    assert (first.splitlines()[1], later.splitlines()[1]) == ("Expires: 1970-06-30T00:00:00Z", "Expires: 1970-07-01T00:00:00Z")
