"""Range, risk, first passage and the record of sealed questions, as clients get them."""

from __future__ import annotations

import itertools
import math
from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def get(client: httpx2.AsyncClient, path: str, **query: str) -> dict[str, Any]:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def spot(client: httpx2.AsyncClient) -> float:
    return float((await get(client, "/v1/forecasts/latest"))["forecast"]["spot"])


@pytest.mark.parametrize("path", ["/v1/range", "/v1/risk", "/v1/first-passage", "/v1/probability"])
async def test_every_answer_says_which_forecast_and_which_model_it_comes_from(client: httpx2.AsyncClient, path: str):
    asked = {"/v1/first-passage": {"level": "95000"}, "/v1/probability": {"touch": "95000"}}.get(path, {})
    found = await get(client, path, horizon="36h", **asked)
    latest = await get(client, "/v1/forecasts/latest")
    assert found["forecast_id"] == found["served"]["forecast_id"] == latest["served"]["forecast_id"]
    assert found["model"] == latest["forecast"]["model"]
    assert found["source"]["simulated"]
    assert "simulated BTC/USD" in found["words"]
    assert found["words"].endswith(".")
    assert found["notes"]


@pytest.mark.parametrize("horizon", ["2h", "24h", "30h", "30d"])
async def test_touching_reaches_thirty_days_and_agrees_with_first_passage(quick: httpx2.AsyncClient, horizon: str):
    level = str(1.03 * await spot(quick))
    touched = await get(quick, "/v1/probability", touch=level, horizon=horizon)
    passage = await get(quick, "/v1/first-passage", level=level, horizon=horizon)
    assert (passage["probability"], passage["standard_error"]) == (touched["probability"], touched["standard_error"])
    curve = [point["probability"] for point in passage["curve"]]
    assert curve == sorted(curve)
    assert curve[-1] == passage["probability"]
    assert passage["curve"][-1]["at"] == passage["at"] == touched["question"]["at"]
    times = [time["horizon_s"] for time in passage["times"]]
    assert times == sorted(times)
    assert touched["probability"] >= touched["probability_beyond_at_end"]


async def test_first_passage_goes_as_far_as_forecasts_when_no_instant_is_given(quick: httpx2.AsyncClient):
    found = await get(quick, "/v1/first-passage", level=str(1.1 * await spot(quick)))
    assert found["horizon_s"] == 30 * 86400


@pytest.mark.parametrize("horizon", ["1h", "20h", "5d"])
async def test_the_quantiles_of_the_highest_price_are_levels_touched_as_often(quick: httpx2.AsyncClient, horizon: str):
    here, found = await spot(quick), await get(quick, "/v1/range", horizon=horizon)
    assert found["low"]["price"] < here < found["high"]["price"]
    assert found["width"]["price"] == pytest.approx(found["high"]["price"] - found["low"]["price"], abs=0.05)
    for side, sign in (("high_quantiles", 1), ("low_quantiles", -1)):
        for quantile in found[side][1:-1]:
            touched = await get(quick, "/v1/probability", touch=str(quantile["price"]), horizon=horizon)
            expected = 1 - quantile["level"] if sign > 0 else quantile["level"]
            assert touched["probability"] == pytest.approx(expected, abs=0.01)


async def test_value_at_risk_is_the_price_that_the_law_leaves_behind(quick: httpx2.AsyncClient):
    here, found = await spot(quick), await get(quick, "/v1/risk", horizon="24h")
    assert [(figure["side"], figure["level_percent"]) for figure in found["figures"]] == list(
        itertools.product(("long", "short"), (90, 95, 99))
    )
    for figure in found["figures"]:
        side = "below" if figure["side"] == "long" else "above"
        beyond = await get(quick, "/v1/probability", horizon="24h", **{side: str(figure["price"])})
        assert beyond["probability"] == pytest.approx(1 - figure["level_percent"] / 100, abs=1e-6)
        at_risk, shortfall = figure["value_at_risk"], figure["expected_shortfall"]
        assert at_risk["quote"] == pytest.approx(abs(figure["price"] - here))
        assert at_risk["log_return"] == pytest.approx(abs(math.log(figure["price"] / here)))
        assert shortfall["quote"] > at_risk["quote"]
        assert shortfall["log_return"] > at_risk["log_return"]
    only = await get(quick, "/v1/risk", horizon="24h", side="short")
    assert only["figures"] == found["figures"][3:]


async def test_the_record_of_questions_is_kept_apart_by_origin_and_filtered(client: httpx2.AsyncClient):
    found = await get(client, "/v1/track-record/questions", origin="replayed", window="all")
    assert found["source"]["origin"] == "replayed"
    assert found["n_cycles"] == 6
    assert {figures["kind"] for figures in found["figures"]} == {"above", "between"}
    for figures in found["figures"]:
        assert 0 <= figures["brier"] <= 1
        assert sum(part["n"] for part in figures["diagram"]) == figures["n"]
        assert figures["words"]
    one = await get(client, "/v1/track-record/questions", origin="replayed", window="all", kind="above", model="day_paths")
    assert one["figures"] == [
        figures for figures in found["figures"] if (figures["kind"], figures["model"]) == ("above", "day_paths")
    ]
    assert {skill["baseline"] for skill in one["figures"][0]["skill"]} == {"ewma", "garch", "random_walk"}
    live = await get(client, "/v1/track-record/questions")
    assert live["source"]["origin"] == "live"


@pytest.mark.parametrize(
    ("path", "query", "parameter", "words"),
    [
        ("/v1/range", {}, "at", "for when"),
        ("/v1/range", {"horizon": "2m"}, "horizon", "five minutes"),
        ("/v1/range", {"horizon": "31d"}, "horizon", "beyond reach"),
        ("/v1/risk", {"at": "2025-12-05T00:01:30Z"}, "at", "has passed"),
        ("/v1/risk", {"horizon": "1h", "side": "up"}, "side", "cannot be used"),
        ("/v1/first-passage", {"horizon": "1h"}, "level", "cannot be used"),
        ("/v1/first-passage", {"level": "0", "horizon": "1h"}, "level", "greater than"),
        ("/v1/first-passage", {"level": "9", "horizon": "1h", "at": "2025-12-06"}, "at", "either"),
        ("/v1/track-record/questions", {"kind": "below"}, "kind", "cannot be used"),
        ("/v1/track-record/questions", {"horizon": "1h"}, "horizon", "no parameter"),
    ],
)
async def test_what_cannot_be_answered_is_refused_by_name(
    quick: httpx2.AsyncClient, path: str, query: dict[str, str], parameter: str, words: str
):
    answer = await quick.get(path, params=query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["errors"][0]["parameter"] == parameter
    assert words in problem["detail"]
