"""Questions: what is answered, and that the answers do not contradict each other."""

from __future__ import annotations

import httpx2
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def ask(client: httpx2.AsyncClient, **query: str) -> dict[str, float]:
    answer = await client.get("/v1/probability", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def spot(client: httpx2.AsyncClient) -> float:
    return float((await client.get("/v1/forecasts/latest")).json()["forecast"]["spot"])


async def test_above_and_below_make_one_and_the_median_is_even(client: httpx2.AsyncClient):
    level = str(await spot(client))
    above, below = await ask(client, above=level, horizon="24h"), await ask(client, below=level, horizon="24h")
    assert above["probability"] + below["probability"] == pytest.approx(1)
    assert above["probability"] == pytest.approx(0.5, abs=1e-6)
    assert (above["method"], above["standard_error"]) == ("law", 0.0)


@pytest.mark.parametrize("horizon", ["20m", "1h", "5h", "24h", "36h", "10d", "30d"])
async def test_between_is_the_difference_of_above_at_any_instant(quick: httpx2.AsyncClient, horizon: str):
    here = await spot(quick)
    low, high = 0.99 * here, 1.02 * here
    between = await ask(quick, between=f"{low},{high}", horizon=horizon)
    above_low, above_high = [(await ask(quick, above=str(level), horizon=horizon))["probability"] for level in (low, high)]
    assert between["probability"] == pytest.approx(above_low - above_high)


async def test_uncertainty_grows_with_the_instant_and_never_jumps(quick: httpx2.AsyncClient):
    level = str(1.02 * await spot(quick))
    found = [(await ask(quick, above=level, horizon=f"{hours}h"))["probability"] for hours in (1, 2, 4, 6, 12, 18, 24, 48, 72)]
    assert found == sorted(found)


@pytest.mark.parametrize("share", [0.97, 0.99, 1.0, 1.01, 1.03])
@pytest.mark.parametrize("horizon", ["5m", "1h", "7h", "24h"])
async def test_touching_is_at_least_as_likely_as_being_beyond_at_the_end(quick: httpx2.AsyncClient, share: float, horizon: str):
    here = await spot(quick)
    level = str(share * here)
    touched = await ask(quick, touch=level, horizon=horizon)
    side = "above" if share >= 1 else "below"
    beyond = await ask(quick, **{side: level}, horizon=horizon)
    assert touched["probability"] >= beyond["probability"] - 1e-12
    assert touched["probability_beyond_at_end"] == pytest.approx(beyond["probability"])
    assert touched["standard_error"] > 0
    assert touched["n_paths"] == 1000
    if share == 1.0:
        assert touched["probability"] == 1.0


async def test_touching_grows_with_time_and_with_nearness_on_both_sides(quick: httpx2.AsyncClient):
    here = await spot(quick)
    later = [(await ask(quick, touch=str(1.01 * here), horizon=f"{hours}h"))["probability"] for hours in (1, 4, 12, 24)]
    assert later == sorted(later)
    up = (await ask(quick, touch=str(1.015 * here), horizon="12h"))["probability"]
    down = (await ask(quick, touch=str(here / 1.015), horizon="12h"))["probability"]
    assert up == pytest.approx(down, abs=0.06)


async def test_an_instant_and_the_horizon_to_it_are_one_question(quick: httpx2.AsyncClient):
    level = str(1.01 * await spot(quick))
    at = await ask(quick, above=level, at="2025-12-05T12:00:00Z")
    assert at["probability"] == (await ask(quick, above=level, horizon="12h"))["probability"]


@pytest.mark.parametrize(
    ("level", "said"), [("0.001", "0.001"), ("0.00000123", "0.00000123"), ("95123.456", "95,123.46"), ("100000", "100,000")]
)
async def test_a_price_of_any_size_is_said_as_it_was_asked(quick: httpx2.AsyncClient, level: str, said: str):
    answer = await quick.get("/v1/probability", params={"above": level, "horizon": "24h"})
    assert f"is above {said} at 2025-12-06T00:00:00Z" in answer.json()["words"]


@pytest.mark.parametrize(
    ("query", "parameter", "words"),
    [
        ({"above": "9", "horizon": "31d"}, "horizon", "beyond reach"),
        ({"touch": "9", "horizon": "31d"}, "horizon", "beyond reach"),
        ({"touch": "9", "at": "2025-12-05T00:04:00Z"}, "at", "five minutes"),
        ({"above": "9", "at": "2025-12-05T00:01:30Z"}, "at", "has passed"),
        ({"above": "9", "at": "yesterday"}, "at", "not an instant"),
        ({"above": "9", "horizon": "1y"}, "horizon", "not a span"),
        ({"above": "9"}, "at", "for when"),
        ({"above": "9", "at": "2025-12-06", "horizon": "1h"}, "at", "either"),
        ({"above": "9", "below": "9", "horizon": "1h"}, "above", "one question"),
        ({"horizon": "1h"}, "above", "none of them"),
        ({"between": "9,8", "horizon": "1h"}, "between", "lower one first"),
        ({"between": "9", "horizon": "1h"}, "between", "two prices"),
        ({"between": "1,nan", "horizon": "1h"}, "between", "two prices"),
        ({"above": "-1", "horizon": "1h"}, "above", "greater than"),
        ({"above": "1e-320", "horizon": "1h"}, "above", "greater than"),
        ({"above": "inf", "horizon": "1h"}, "above", "finite"),
        ({"above": "9", "horizon": "1h", "foo": "1"}, "foo", "no parameter"),
    ],
)
async def test_what_cannot_be_answered_is_refused_by_name(
    quick: httpx2.AsyncClient, query: dict[str, str], parameter: str, words: str
):
    answer = await quick.get("/v1/probability", params=query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["errors"][0]["parameter"] == parameter
    assert words in problem["detail"]
