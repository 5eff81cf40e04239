"""What the API says when the gate is demoted, suspended or withheld."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from seeded_store import NOW, SERIES, Seeded, make_signer, seed  # found through the conftest's path

from btcforecast.api.stream.poller import LATEST
from btcforecast.core import Origin, to_rfc3339
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.feed import Feed
from btcforecast.store.gate import GateState, GateStore

pytestmark = pytest.mark.asyncio(loop_scope="session")
AS_OF = NOW - 90
MEASURE = {
    "name": "missing_of_last_12",
    "group": "inputs",
    "value": 3.0,
    "low": None,
    "high": 2.0,
    "n": None,
    "n_needed": None,
    "verdict": "outside",
}


@pytest.fixture
async def gated(tmp_path: Path) -> tuple[Database, Seeded, Any]:
    database = Database(f"sqlite:///{tmp_path}/gated.db")
    await database.migrate()
    signer = make_signer(tmp_path)
    seeded = await seed(database, signer)
    return database, seeded, type("Held", (), {"url": f"sqlite:///{tmp_path}/gated.db", "key_file": tmp_path / "signing.key"})


async def enter(database: Database, state: str, served: str | None) -> None:
    async with database.transaction() as connection:
        series_id = await CandleStore(connection).series_id(SERIES)
        standing = "open" if state == "withheld" else state
        now = GateState(AS_OF, NOW, state, standing, AS_OF, "day_paths", "ewma", served, f"It is {state} for a test.", [MEASURE])
        store = GateStore(connection)
        await store.set_state(now, series_id=series_id)
        await store.set_served(series_id, AS_OF, origin=Origin.LIVE, model=served)


async def test_a_cycle_that_passed_is_told_with_everything_that_was_looked_at(client: httpx2.AsyncClient):
    found = (await client.get("/v1/gate")).json()
    assert (found["state"], found["standing"], found["served_model"], found["since"]) == ("open", "open", "day_paths", None)
    assert {measure["group"] for measure in found["measures"]} >= {"inputs", "champion", "scores", "coverage"}
    assert found["transitions"] == found["reigns"] == []
    served = (await client.get("/v1/forecasts/latest")).json()["served"]
    assert (served["model"], served["role"], served["state"]) == ("day_paths", "champion", "open")


async def test_replayed_forecasts_are_not_gated(client: httpx2.AsyncClient):
    served = (await client.get("/v1/forecasts/latest?origin=replayed")).json()["served"]
    assert (served["state"], served["reason"]) == ("open", "Replayed forecasts are not gated.")


@pytest.mark.parametrize(("state", "title"), [("withheld", "Forecasts withheld"), ("suspended", "Forecasts suspended")])
async def test_what_is_kept_back_is_answered_with_a_problem_and_the_record_stays_readable(
    run_app: Callable[..., Any], gated: Any, state: str, title: str
):
    database, seeded, store = gated
    await enter(database, state, None)
    await database.close()
    async with run_app(store) as client:
        for path in ("/v1/forecasts/latest", "/v1/probability?above=90000&horizon=24h"):
            answer = await client.get(path)
            problem = answer.json()
            assert (answer.status_code, problem["title"]) == (503, title)
            assert problem["type"] == f"/docs#problem-forecasts-{state}"
            assert f"It is {state} for a test." in problem["detail"]
            assert 0 < int(answer.headers["retry-after"]) <= 3615
        assert problem["type"].partition("#")[2] in (await client.get("/docs")).text
        for path in ("/v1/forecasts", f"/v1/forecasts/{seeded.latest}", "/v1/track-record", "/v1/ledger/live/entries"):
            assert (await client.get(path)).status_code == 200, path
        found = (await client.get("/v1/gate")).json()
        assert (found["state"], found["served_model"], found["measures"][0]["verdict"]) == (state, None, "outside")
        health = await client.get("/health/detailed")
        assert (health.status_code, health.json()["components"]["gate"]["status"]) == (503, "failed")
        status = (await client.get("/v1/status")).json()
        assert (status["gate"], status["banner"]["level"]) == (state, "warning")
        assert f"It is {state} for a test." in status["banner"]["words"]


async def test_whoever_is_told_of_a_change_finds_it_published(run_app: Callable[..., Any], gated: Any):
    database, _, store = gated
    running = run_app(store)
    async with running:
        board, listener = running.service.board, running.service.hub.join(after=None)
        assert board.find((LATEST, b"")) is not None
        await enter(database, "suspended", None)
        async with database.transaction() as connection:
            await Feed(connection).append_event("gate", {"state": "suspended"}, at=NOW)
        async with asyncio.timeout(20):
            while b"event: gate" not in await listener.queue.get():
                continue
        assert board.find((LATEST, b"")) is None
    await database.close()


async def test_a_demoted_champion_leaves_its_place_to_the_fallback(run_app: Callable[..., Any], gated: Any):
    database, _, store = gated
    await enter(database, "demoted", "ewma")
    await database.close()
    async with run_app(store) as client:
        latest = (await client.get("/v1/forecasts/latest")).json()
        assert latest["forecast"]["model"] == latest["served"]["model"] == "ewma"
        assert latest["served"]["since"] == to_rfc3339(AS_OF)
        assert "day_paths" in {other["model"] for other in latest["others"]}
        assert (await client.get("/v1/probability?above=90000&horizon=24h")).json()["model"] == "ewma"
        health = (await client.get("/health/detailed")).json()["components"]["gate"]
        assert health["status"] == "degraded"


async def test_drift_is_told_by_window(client: httpx2.AsyncClient):
    found = (await client.get("/v1/drift")).json()
    assert found["model"] == "day_paths"
    assert {figure["window"] for figure in found["inputs"]} == {"7d", "30d", "90d"}
    hour = next(figure for figure in found["calibration"] if (figure["window"], figure["horizon"]) == ("7d", "1h"))
    assert (hour["n"], hour["n_stretches"]) == (8, 8)
    assert 0 < hour["pit_distance"] <= 1
    assert [coverage["nominal_percent"] for coverage in hour["coverage"]] == [50, 80, 90, 95]
