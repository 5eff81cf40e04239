"""What the routes answer, over both databases."""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Awaitable

import httpx2
import polars as pl
import pytest
from seeded_store import CARD, NOW, SCALES, START, Seeded, candles

from btcforecast.core import from_rfc3339
from btcforecast.forecasts.ledger import Checkpoint, VerifierKey, is_consistent, is_included, leaf_hash

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_latest_forecast_is_the_served_one_with_the_other_models_of_its_instant(
    client: httpx2.AsyncClient, seeded: Seeded
):
    found = (await client.get("/v1/forecasts/latest")).json()
    assert found["forecast"]["id"] == found["served"]["forecast_id"] == seeded.latest
    assert {other["model"] for other in found["others"]} == set(SCALES) - {"day_paths"}
    assert {other["as_of"] for other in found["others"]} == {found["forecast"]["as_of"]}
    assert found["source"] == {
        "venue": "simulated",
        "symbol": "BTC/USD",
        "simulated": True,
        "origin": "live",
        "as_of": "2025-12-05T00:00:00Z",
        "age_s": 90,
        "stale": False,
        "borrowed_from": [],
    }
    assert found["next_at"] == "2025-12-05T01:00:00Z"
    day = next(horizon for horizon in found["forecast"]["horizons"] if horizon["horizon"] == "24h")
    assert day["prices"] == sorted(day["prices"])
    assert [band["coverage_percent"] for band in day["bands"]] == [50, 80, 90, 95]
    assert day["bands"][0]["low_price"] < day["median_price"] < day["bands"][0]["high_price"]


async def test_the_published_answer_and_the_routed_one_are_the_same(client: httpx2.AsyncClient):
    published = await client.get("/v1/forecasts/latest")
    routed = await client.get("/v1/forecasts/latest?symbol=BTC/USD")
    assert published.json() == routed.json()
    assert published.headers["etag"] == routed.headers["etag"]


async def test_pages_hold_every_forecast_once_newest_first(client: httpx2.AsyncClient):
    seen: list[tuple[str, str]] = []
    cursor = None
    while True:
        query = {"limit": "7", **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/v1/forecasts", params=query)).json()
        seen += [(forecast["as_of"], forecast["id"]) for forecast in page["forecasts"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 9 * len(SCALES)
    assert [as_of for as_of, _ in seen] == sorted((as_of for as_of, _ in seen), reverse=True)


@pytest.mark.parametrize("path", ["/v1/forecasts", "/v1/track-record", "/v1/calibration"])
async def test_a_model_that_nobody_knows_is_not_found(client: httpx2.AsyncClient, path: str):
    answer = await client.get(path, params={"model": "nope"})
    assert answer.status_code == 404
    assert "nope" in answer.json()["detail"]


async def test_a_history_whose_end_comes_first_is_refused(client: httpx2.AsyncClient):
    answer = await client.get("/v1/forecasts", params={"since": "2025-12-05", "until": "2025-12-04"})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "since")


async def test_what_is_no_id_is_told_what_one_looks_like(client: httpx2.AsyncClient):
    answer = await client.get("/v1/forecasts/zzz")
    assert answer.status_code == 422
    assert "an f and 24 of the digits" in answer.json()["detail"]


async def test_the_history_is_filtered_by_model_time_and_settlement(client: httpx2.AsyncClient):
    def get(**query: str) -> Awaitable[httpx2.Response]:
        return client.get("/v1/forecasts", params={"limit": "100", **query})

    ewma = (await get(model="ewma")).json()["forecasts"]
    assert {forecast["model"] for forecast in ewma} == {"ewma"}
    some = (await get(since="2025-12-04T20:00:00Z", until="2025-12-04T22:00:00Z")).json()["forecasts"]
    assert {forecast["as_of"] for forecast in some} == {"2025-12-04T20:00:00Z", "2025-12-04T21:00:00Z"}
    settled = (await get(settled="true")).json()["forecasts"]
    assert all(any(horizon["status"] == "settled" for horizon in forecast["horizons"]) for forecast in settled)
    unsettled = (await get(settled="false")).json()["forecasts"]
    assert {forecast["as_of"] for forecast in unsettled} == {"2025-12-05T00:00:00Z"}
    replayed = (await get(origin="replayed")).json()
    assert replayed["source"]["origin"] == "replayed"
    assert {forecast["origin"] for forecast in replayed["forecasts"]} == {"replayed"}


async def test_one_forecast_comes_with_its_entry_and_a_proof_that_verifies(client: httpx2.AsyncClient, seeded: Seeded):
    found = (await client.get(f"/v1/forecasts/{seeded.settled}")).json()
    hour = found["forecast"]["horizons"][0]
    assert len(hour["levels"]) == len(hour["log_returns"]) == 105
    assert hour["outcome"]["log_return"] == pytest.approx(math.log(hour["outcome"]["close"] / found["forecast"]["spot"]))
    assert json.loads(found["entry"]["text"])["body"]["forecast"] == seeded.settled
    assert found["entry"]["leaf_hash"] == leaf_hash(found["entry"]["text"].encode()).hex()
    proof = found["inclusion"]
    key = VerifierKey.parse((await client.get("/v1/ledger/live/checkpoint")).json()["verifier_key"])
    signed = Checkpoint.open(proof["checkpoint"]["note"], keys=[key])
    assert (signed.tree_size, signed.root_hash.hex()) == (proof["tree_size"], proof["root_hash"])
    assert is_included(
        bytes.fromhex(found["entry"]["leaf_hash"]),
        proof["seq"],
        tree_size=proof["tree_size"],
        proof=[bytes.fromhex(node) for node in proof["hashes"]],
        root=signed.root_hash,
    )


async def test_the_ledger_is_consistent_and_its_chain_holds(client: httpx2.AsyncClient):
    state = (await client.get("/v1/ledger/live/checkpoint")).json()
    proof = (await client.get(f"/v1/ledger/live/proofs/consistency?old=7&new={state['size']}")).json()
    assert is_consistent(
        old_size=7,
        old_root=bytes.fromhex(proof["old_root_hash"]),
        new_size=state["size"],
        new_root=bytes.fromhex(proof["new_root_hash"]),
        proof=[bytes.fromhex(node) for node in proof["hashes"]],
    )
    entries, cursor = [], "0"
    while cursor is not None:
        page = (await client.get("/v1/ledger/live/entries", params={"cursor": cursor, "limit": "20"})).json()
        entries += page["entries"]
        cursor = page["next_cursor"]
    assert [entry["seq"] for entry in entries] == list(range(state["size"]))
    previous = "00" * 32
    for entry in entries:
        assert json.loads(entry["text"])["prev"] == previous
        previous = hashlib.sha256(b"\x02" + entry["text"].encode()).hexdigest()
        assert entry["entry_hash"] == previous
    newest = (await client.get("/v1/ledger/live/entries?order=newest&limit=2")).json()
    assert [entry["seq"] for entry in newest["entries"]] == [state["size"] - 1, state["size"] - 2]


async def test_paths_come_in_three_forms_that_agree(client: httpx2.AsyncClient, seeded: Seeded):
    address = f"/v1/forecasts/{seeded.latest}/paths"
    plain = (await client.get(address)).json()
    synth = (await client.get(address, params={"format": "synth"})).json()
    frame = pl.read_parquet(io.BytesIO((await client.get(address, params={"format": "parquet"})).content))
    assert (plain["n_paths"], plain["n_steps"], len(plain["prices"][0])) == (1000, 288, 289)
    assert synth[:2] == [from_rfc3339(plain["start_at"]), 300]
    assert len(synth) == 1002
    assert frame.filter(path=3)["price"].to_list() == pytest.approx(plain["prices"][3], abs=0.02)
    assert synth[5] == pytest.approx(plain["prices"][3], abs=0.02)
    # Synth's validators refuse a price of more than eight digits, and a path of another length.
    assert max(len(str(price).replace(".", "")) for path in synth[2:] for price in path) <= 8
    assert {len(path) for path in synth[2:]} == {289}


async def test_candles_are_closed_whole_and_the_newest_of_the_span(client: httpx2.AsyncClient):
    stored = candles()
    five = (await client.get("/v1/candles", params={"limit": "3"})).json()["candles"]
    assert [row["close"] for row in five] == stored.close[-3:].tolist()
    span = {"interval": "1h", "from": "2025-12-02T00:30:00Z", "to": "2025-12-02T06:00:00Z", "limit": "3"}
    hours = (await client.get("/v1/candles", params=span)).json()
    assert [row["opened_at"] for row in hours["candles"]] == [f"2025-12-02T0{hour}:00:00Z" for hour in (3, 4, 5)]
    first = (from_rfc3339("2025-12-02T03:00:00Z") - START) // 300
    assert hours["candles"][0]["high"] == stored.high[first : first + 12].max()
    before = (await client.get("/v1/candles", params={**span, "to": hours["previous_to"]})).json()
    assert [row["opened_at"] for row in before["candles"]] == [f"2025-12-02T0{hour}:00:00Z" for hour in (1, 2)]
    assert before["previous_to"] is None


async def test_other_series_can_be_asked_for_and_unknown_ones_are_named(client: httpx2.AsyncClient):
    found = (await client.get("/v1/candles", params={"venue": "kraken", "limit": "1"})).json()
    assert (found["source"]["symbol"], found["source"]["simulated"]) == ("BTC/EUR", False)
    assert found["source"]["stale"]
    missing = await client.get("/v1/candles", params={"venue": "binance"})
    assert missing.status_code == 404
    assert "simulated:BTC/USD" in missing.json()["detail"]


async def test_the_price_says_how_it_came_and_how_old_it_is(client: httpx2.AsyncClient):
    found = (await client.get("/v1/price")).json()
    assert (found["price"], found["via"], found["source"]["age_s"]) == (90_123.45, "simulated", 2)


async def test_the_record_counts_missed_cycles_and_never_mixes_origins(client: httpx2.AsyncClient):
    live = (await client.get("/v1/track-record", params={"window": "all"})).json()
    replayed = (await client.get("/v1/track-record", params={"origin": "replayed"})).json()
    assert (live["n_cycles_issued"], live["n_cycles_missed"]) == (9, 1)
    assert (replayed["n_cycles_issued"], replayed["n_cycles_missed"]) == (6, 0)
    assert {figures["window"] for figures in live["figures"]} == {"all"}
    hour = next(f for f in live["figures"] if f["model"] == "day_paths" and f["horizon"] == "1h")
    assert hour["n"] == 8
    assert "too few" in hour["words"]
    one = (await client.get("/v1/track-record", params={"model": "ewma"})).json()
    assert {figures["model"] for figures in one["figures"]} == {"ewma"}
    assert (await client.get("/v1/track-record", params={"model": "nobody"})).status_code == 404


async def test_calibration_adds_up(client: httpx2.AsyncClient):
    found = (await client.get("/v1/calibration", params={"origin": "replayed", "horizon": "12h"})).json()
    assert found["model"] == "day_paths"
    assert sum(bin_["count"] for bin_ in found["pit"]) == found["n"] == 6
    observed = [point["observed"] for point in found["reliability"]]
    assert observed == sorted(observed)
    assert len(observed) == 19
    assert {figure["nominal_percent"] for figure in found["coverage"]} == {50, 80, 90, 95}
    assert found["coverage_by_week"][0]["n"] == 6


async def test_models_name_the_version_that_serves(client: httpx2.AsyncClient):
    found = (await client.get("/v1/models")).json()
    champion = found["models"][0]
    assert (champion["model"], champion["role"]) == ("day_paths", "champion")
    version = champion["serving_version"]
    detail = (await client.get(f"/v1/models/{version}")).json()
    assert detail["version"]["version"] == version
    assert detail["card"] == CARD


async def test_status_says_in_words_that_the_market_is_simulated(client: httpx2.AsyncClient):
    found = (await client.get("/v1/status")).json()
    assert found["banner"]["level"] == "info"
    assert "generated, not real" in found["banner"]["words"]
    assert found["workers"][0]["alive"]
    assert found["next_forecast_at"] == "2025-12-05T01:00:00Z"
    assert from_rfc3339(found["now"]) == NOW
