"""Health: what each part says, and how little strangers are told in production."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from seeded_store import NOW

from btcforecast.core import ManualClock
from btcforecast.store.database import Database
from btcforecast.store.mail import MailRow, MailStore

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_every_part_tells_how_it_is_and_why(client: httpx2.AsyncClient):
    answer = await client.get("/health/detailed")
    found = answer.json()
    parts = found["components"]
    assert (answer.status_code, found["status"]) == (200, "degraded")
    assert {
        "database",
        "worker",
        "data",
        "calendar",
        "forecasts",
        "gate",
        "models",
        "ledger",
        "mail",
        "venue.simulated",
        "venue.kraken",
    } == set(parts)
    assert parts["database"]["facts"]["latency_ms"] > 0
    assert parts["worker"]["facts"]["last_beat_age_s"] == 5
    assert parts["data"]["facts"] == {"series": "simulated:BTC/USD", "simulated": True, "age_s": 90}
    assert parts["ledger"]["facts"]["entries"] == parts["ledger"]["facts"]["signed_entries"]
    kraken = parts["venue.kraken"]
    assert (kraken["status"], kraken["facts"]["breaker"], kraken["facts"]["last_error"]) == ("degraded", "open", "HTTP 503")
    assert kraken["reason"]


async def test_in_production_strangers_are_told_only_how_things_are(run_app: Callable[..., Any], sqlite_store: Any):
    production = {"environment": "production", "allow_sqlite_in_production": True, "market": "simulated"}
    async with run_app(sqlite_store, **production) as client:
        found = (await client.get("/health/detailed")).json()
    assert found["version"] is None
    assert {part["status"] for part in found["components"].values()} == {"ok", "degraded"}
    assert all(part["reason"] is None and part["facts"] == {} for part in found["components"].values())


async def test_when_the_worker_falls_silent_everything_says_so(
    run_app: Callable[..., Any], sqlite_store: Any, clock: ManualClock
):
    clock.advance(3 * 3600)
    async with run_app(sqlite_store) as client:
        status = (await client.get("/v1/status")).json()
        assert status["banner"]["level"] == "warning"
        assert "No worker is running" in status["banner"]["words"]
        assert status["source"]["stale"]
        assert not status["workers"][0]["alive"]
        health = await client.get("/health/detailed")
        assert health.status_code == 503
        parts = health.json()["components"]
        assert {name: parts[name]["status"] for name in ("worker", "data", "forecasts")} == {
            "worker": "failed",
            "data": "degraded",
            "forecasts": "degraded",
        }
        latest = (await client.get("/v1/forecasts/latest")).json()
        assert latest["source"]["stale"]
        assert latest["source"]["age_s"] == 3 * 3600 + 90
        assert (await client.get("/health/ready")).status_code == 200


async def test_an_empty_store_is_explained_and_not_an_error(run_app: Callable[..., Any], tmp_path: Any):
    from types import SimpleNamespace

    from btcforecast.store.database import Database

    url = f"sqlite:///{tmp_path}/empty.db"
    database = Database(url)
    await database.migrate()
    await database.close()
    async with run_app(SimpleNamespace(url=url, key_file=tmp_path / "none.key")) as client:
        status = (await client.get("/v1/status")).json()
        assert (status["source"], status["banner"]["words"]) == (None, "No worker has started yet.")
        for address in ("/v1/forecasts/latest", "/v1/price", "/v1/candles", "/v1/track-record", "/v1/models"):
            answer = await client.get(address)
            assert (answer.status_code, answer.json()["title"]) == (404, "Not found")
            assert "There are no candles yet" in answer.json()["detail"]
        ledger = (await client.get("/v1/ledger/live/checkpoint")).json()
        assert (ledger["size"], ledger["checkpoint"], ledger["verifier_key"]) == (0, None, None)
        assert (await client.get("/v1/ledger/live/entries")).json()["entries"] == []


@pytest.mark.parametrize(
    ("age_s", "sent_age_s", "mail_url", "status"),
    [
        (599, None, "smtp://mail.example", "ok"),
        (601, None, "smtp://mail.example", "degraded"),
        (601, 30, "smtp://mail.example", "ok"),
        (601, 700, "smtp://mail.example", "degraded"),
        (601, None, "", "degraded"),
    ],
)
async def test_mail_that_is_stuck_is_told(
    tmp_path: Path, run_app: Callable[..., Any], *, age_s: int, sent_age_s: int | None, mail_url: str, status: str
):
    store = SimpleNamespace(url=f"sqlite:///{tmp_path}/mail.db", key_file=tmp_path / "signing.key")
    database = Database(store.url)
    await database.migrate()
    async with database.transaction() as connection:
        await MailStore(connection).add(MailRow("m_1", None, "a@example.org", "test", b"x", NOW - age_s, NOW))
        if sent_age_s is not None:
            await MailStore(connection).add(MailRow("m_2", None, "a@example.org", "test", b"x", NOW, NOW))
            await MailStore(connection).mark_sent("m_2", at=NOW - sent_age_s)
    await database.close()
    async with run_app(store, mail_url=mail_url) as client:
        found = (await client.get("/health/detailed")).json()["components"]["mail"]
    assert (found["status"], found["facts"]["waiting"], found["facts"]["oldest_age_s"]) == (status, 1, age_s)
    assert (found["reason"] is None) is (status == "ok")
