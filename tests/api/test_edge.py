"""Headers, limits, problems and conditional requests: what every answer has, whatever was asked."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from btcforecast.api.edge.access_log import AccessLog
from btcforecast.api.edge.addresses import Addresses
from btcforecast.core import ManualClock
from btcforecast.core.errors import SettingsError

pytestmark = pytest.mark.asyncio(loop_scope="session")
PROBLEM = {"type", "title", "status", "detail", "instance", "request_id", "errors"}
EVERYWHERE = ["/v1/forecasts/latest", "/v1/price", "/v1/nothing", "/health", "/docs", "/metrics", "/", "/v1/candles?limit=0"]


@pytest.mark.parametrize("address", EVERYWHERE)
async def test_every_answer_carries_the_security_headers(quick: httpx2.AsyncClient, address: str):
    headers = (await quick.get(address)).headers
    assert headers["content-security-policy"].startswith("default-src 'self'; ")
    assert "unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert {"referrer-policy", "permissions-policy", "x-request-id"} <= set(headers)
    assert "strict-transport-security" not in headers


async def test_only_production_promises_tls(run_app: Callable[..., Any], sqlite_store: Any):
    production = {"environment": "production", "allow_sqlite_in_production": True, "market": "simulated"}
    async with run_app(sqlite_store, **production) as client:
        headers = (await client.get("/v1/price")).headers
        assert headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/forecasts/", 404),
        ("GET", "/v1/forecasts/f000000000000000000000000", 404),
        ("GET", "/v1/forecasts/x", 422),
        ("GET", "/v1/ledger/live/entries/99999", 404),
        ("GET", "/v1/ledger/other/checkpoint", 422),
        ("GET", "/v1/ledger/live/proofs/inclusion?seq=60&tree_size=50", 422),
        ("GET", "/v1/ledger/live/proofs/inclusion?seq=1&tree_size=5000", 404),
        ("GET", "/v1/ledger/live/proofs/consistency?old=9&new=8", 422),
        ("GET", "/v1/ledger/live/entries?cursor=x", 422),
        ("GET", "/v1/forecasts?cursor=x", 422),
        ("GET", "/v1/forecasts?limit=0", 422),
        ("GET", "/v1/forecasts?limit=1&limit=2", 422),
        ("GET", "/v1/forecasts/latest?origni=live", 422),
        ("GET", "/v1/candles?from=2025-12-02&to=2025-12-01", 422),
        ("GET", "/v1/candles?from=9999-12-31", 422),
        ("GET", "/v1/candles?venue=NOT%20A%20VENUE", 422),
        ("GET", "/v1/track-record?window=1y", 422),
        ("POST", "/v1/price", 405),
        ("DELETE", "/v1/forecasts/latest", 405),
        ("GET", "/assets/missing.js", 404),
        ("GET", "/.env", 404),
    ],
)
async def test_every_error_is_a_problem_document(quick: httpx2.AsyncClient, method: str, address: str, status: int):
    answer = await quick.request(method, address)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == PROBLEM
    assert (problem["status"], problem["instance"]) == (status, address.partition("?")[0])
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert f'id="{problem["type"].partition("#")[2]}"' in (await quick.get("/docs")).text


@pytest.mark.parametrize(
    ("sent", "kind", "says"),
    [
        ('{"email": "ada"', "application/json", "body: It is not JSON: Expecting ',' delimiter at character 15."),
        (
            "email=ada",
            "application/x-www-form-urlencoded",
            "body: It must be a JSON object, with “Content-Type: application/json”.",
        ),
        ("[1]", "application/json", "body: It must be a JSON object, with “Content-Type: application/json”."),
    ],
)
async def test_a_body_that_is_no_json_object_is_told_what_is_wrong(quick: httpx2.AsyncClient, sent: str, kind: str, says: str):
    found = await quick.post("/v1/auth/login", content=sent, headers={"Content-Type": kind})
    assert (found.status_code, found.json()["detail"]) == (422, says)


async def test_a_failure_tells_nothing_about_the_inside(run_app: Callable[..., Any], sqlite_store: Any):
    running = run_app(sqlite_store)
    async with running as client:
        running.service.records = None
        with capture_logs() as lines:
            answer = await client.get("/v1/track-record")
    assert answer.status_code == 500
    assert "NoneType" not in answer.text
    assert lines[-1]["event"] == "api.failed"
    assert lines[-1]["request_id"] == answer.json()["request_id"]
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_a_body_that_is_too_large_is_refused(quick: httpx2.AsyncClient):
    answer = await quick.request("POST", "/v1/price", content=b"x" * (1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["title"]) == (413, "Body too large")


@pytest.mark.parametrize("address", ["/v1/forecasts/latest", "/v1/candles?limit=5", "/v1/models", "/docs", "/openapi.json"])
async def test_a_known_answer_is_not_sent_again(quick: httpx2.AsyncClient, address: str):
    first = await quick.get(address)
    assert first.headers["cache-control"]
    again = await quick.get(address, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    changed = await quick.get(address, headers={"If-None-Match": '"other"'})
    assert changed.status_code == 200


async def test_the_tag_stays_while_only_the_age_moves(run_app: Callable[..., Any], sqlite_store: Any, clock: ManualClock):
    async with run_app(sqlite_store) as client:
        first = await client.get("/v1/candles?limit=5")
        clock.advance(7)
        second = await client.get("/v1/candles?limit=5")
    assert second.json()["source"]["age_s"] == first.json()["source"]["age_s"] + 7
    assert second.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize("address", ["/v1/forecasts/latest", "/v1/price", "/health", "/v1/nothing", "/v1/stream", "/"])
async def test_head_is_get_without_a_body(quick: httpx2.AsyncClient, address: str):
    head = await quick.head(address)
    assert head.content == b""
    if address != "/v1/stream":
        get = await quick.get(address)
        assert head.status_code == get.status_code
        assert head.headers["content-type"] == get.headers["content-type"]
        assert head.headers["content-length"] == get.headers["content-length"]


async def test_an_ipv6_subscriber_is_one_client_and_forwarding_is_believed_from_proxies_only():
    addresses = Addresses(["10.0.0.0/8", "fd00::1"])
    assert addresses.key("2001:db8:1:2:3::4", None) == addresses.key("2001:db8:1:2:ffff::", None)
    assert addresses.key("2001:db8:1:2::1", None) != addresses.key("2001:db8:1:3::1", None)
    assert addresses.key("::ffff:192.0.2.1", None) == "192.0.2.1"
    assert addresses.key("192.0.2.1", "198.51.100.9") == "192.0.2.1"
    assert addresses.key("10.1.1.1", "203.0.113.1, 198.51.100.9") == "198.51.100.9"
    assert addresses.key("10.1.1.1", "203.0.113.1, 198.51.100.9, 10.2.2.2") == "198.51.100.9"
    assert addresses.key("10.1.1.1", "<script>") == "unknown"
    assert addresses.key(None, None) == "unknown"
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES holds"):
        Addresses(["everyone"])


async def test_each_request_leaves_one_line_without_its_query():
    written = io.StringIO()
    log = AccessLog(as_json=True, is_on=True, stream=written)
    log.request(method="GET", path='/v1/"x\n', status=200, duration_ms=1.25, client="192.0.2.1", request_id="a-1")
    log.flush()
    line = json.loads(written.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "client": "192.0.2.1",
        "duration_ms": 1.25,
        "event": "http.request",
        "level": "info",
        "method": "GET",
        "path": '/v1/"x\n',
        "request_id": "a-1",
        "status": 200,
    }


async def test_requests_are_counted_by_route_and_not_by_address(quick: httpx2.AsyncClient):
    for name in ("f000000000000000000000000", "f111111111111111111111111"):
        await quick.get(f"/v1/forecasts/{name}")
    await quick.get("/v1/made/up")
    text = (await quick.get("/metrics")).text
    assert 'route="/v1/forecasts/{forecast_id}",status="404"' in text
    assert "f000000" not in text
    assert "made/up" not in text


async def test_the_page_is_served_for_its_own_addresses_and_assets_never_change(
    tmp_path: Path,
):
    from fastapi import FastAPI
    from httpx2 import ASGITransport

    from btcforecast.web.page import add_page

    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<p>index</p>")
    (tmp_path / "assets" / "a-1b2c.js").write_text("let x = 1;" * 500)
    app = FastAPI()
    add_page(app, tmp_path)
    async with httpx2.AsyncClient(transport=ASGITransport(app=app), base_url="http://page.test") as client:
        for address in ("/", "/record", "/forecasts/f1"):
            found = await client.get(address)
            assert (found.text, found.headers["cache-control"]) == ("<p>index</p>", "no-cache")
            again = await client.get(address, headers={"If-None-Match": found.headers["etag"]})
            assert again.status_code == 304
        asset = await client.get("/assets/a-1b2c.js")
        assert "immutable" in asset.headers["cache-control"]
        assert asset.headers["content-encoding"] == "gzip"
        assert asset.headers["content-type"].startswith("text/javascript")
        assert (await client.get("/v1/unknown")).status_code == 404
        assert (await client.get("/../pyproject.toml")).status_code == 404
    bare = FastAPI()
    add_page(bare, tmp_path / "nowhere")
    async with httpx2.AsyncClient(transport=ASGITransport(app=bare), base_url="http://page.test") as client:
        missing = await client.get("/")
        assert (missing.status_code, "make run" in missing.text) == (503, True)
