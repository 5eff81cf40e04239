"""Questions are sealed with their cycle, answered when their instant has passed, and checked by whoever verifies the ledger."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete

from btcforecast.core import HORIZONS, Candles, Horizon, ManualClock, Origin, Series
from btcforecast.engine.questions import build_path_set, touch
from btcforecast.forecasts.issue import Issued, Issuer, issue
from btcforecast.forecasts.ledger import Entry, Ledger, Signer
from btcforecast.forecasts.ledger.report import Report
from btcforecast.forecasts.ledger.stored import verify_stored
from btcforecast.forecasts.questions import fixed
from btcforecast.forecasts.questions.record import question_record
from btcforecast.forecasts.seal import Schedule, seal
from btcforecast.forecasts.settle import settle
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.questions import QuestionStore, SealedQuestions
from btcforecast.store.tables import ledger_entries, ledger_nodes

START, HOUR, DAY = 1_764_547_200, 3600, 86400
SCHEDULE = Schedule(every_s=HOUR, grace_s=600)
ONE_HOUR = HORIZONS[0]
SIGNER = Signer.generate()
TOUCH = fixed.PLACES[fixed.Kind.TOUCH]


async def write(database: Database, series: Series, candles: Candles, *, at: int, lender: Series | None = None) -> None:
    async with database.transaction() as connection:
        await CandleStore(connection).write(series, candles, recorded_at=at, borrowed_from=lender)


async def cycle(
    database: Database, issuer: Issuer, series: Series, as_of: int, *, schedule: Schedule = SCHEDULE, origin: Origin = Origin.LIVE
) -> Issued:
    issued = await issue(database, issuer, series=series, as_of=as_of, clock=ManualClock(as_of + 5), origin=origin)
    await seal(database, issued, schedule=schedule, clock=ManualClock(as_of + 7))
    return issued


async def entries(database: Database, kind: str, origin: Origin = Origin.LIVE) -> list[Entry]:
    async with database.read() as connection:
        ledger = Ledger(connection, origin)
        found = await ledger.entries(0, before=await ledger.size())
    return [stored.entry for stored in found if stored.entry.kind == kind]


async def answered(database: Database, series: Series) -> dict[tuple[int, Horizon], SealedQuestions]:
    async with database.read() as connection:
        found = await QuestionStore(connection).answered(series, origin=Origin.LIVE)
    return {(one.as_of, one.horizon): one for one in found}


async def verify(database: Database) -> Report:
    return await verify_stored(database, origins=list(Origin), public_key=SIGNER.verifier_key("x").public_key)


@pytest.fixture
async def issued(database: Database, series: Series, candles: Candles, issuer: Issuer) -> Issued:
    """The cycle at START, midnight, sealed; the store has candles up to there."""
    await write(database, series, candles.up_to(START), at=START)
    return await cycle(database, issuer, series, START)


async def test_what_is_sealed_is_what_would_be_answered(database: Database, issued: Issued):
    (entry,) = await entries(database, "questions")
    body = entry.body
    assert body["set"] == fixed.NUMBER
    assert [model["touch_from"] for model in body["models"]] == ["paths", "law"]
    champion = issued.champion
    paths = build_path_set(champion.distributions, issued.paths.returns, seed=champion.seed)
    for name, rows in body["probabilities"].items():
        horizon = Horizon.parse(name)
        law = champion.distributions[horizon]
        assert rows[0][:9] == fixed.law_probabilities(law, horizon).tolist()
        expected = [touch(paths, level, seconds=horizon.seconds).probability for level in fixed.log_levels(horizon)]
        assert rows[0][9:] == pytest.approx(expected, abs=1e-6)
        wide = next(forecast for forecast, _ in issued.forecasts if forecast.model == "wide")
        assert rows[1][9:] == fixed.reflected_touch(wide.distributions[horizon], horizon).tolist()
    assert entry.at < START + HOUR


@pytest.mark.usefixtures("issued")
async def test_only_scheduled_cycles_are_asked_and_touching_only_twice_a_day(
    database: Database, series: Series, candles: Candles, issuer: Issuer
):
    await write(database, series, candles.up_to(START + 2 * HOUR), at=START)
    await cycle(database, issuer, series, START + HOUR)
    await cycle(database, issuer, series, START + HOUR + 300)
    at_midnight, at_one = await entries(database, "questions")
    assert [len(rows[0]) for rows in at_midnight.body["probabilities"].values()] == [15] * 5
    assert [len(rows[0]) for rows in at_one.body["probabilities"].values()] == [9] * 5


async def test_answers_are_what_the_candles_say_and_the_ledger_can_be_verified(
    database: Database, series: Series, candles: Candles, issuer: Issuer, issued: Issued
):
    await write(database, series, candles.up_to(START + DAY), at=START)
    for hour in range(1, 8):
        await cycle(database, issuer, series, START + hour * HOUR)
    await settle(database, clock=ManualClock(START + DAY))
    found = await answered(database, series)
    assert len(found) == 17
    for (as_of, horizon), one in found.items():
        way = candles.since(as_of).up_to(one.target_at)
        spot = candles.close_at(as_of)
        expected = fixed.outcomes(
            horizon, spot=spot, close=float(way.close[-1]), high=way.high.max(), low=way.low.min(), has_touch=one.has_touch
        )
        assert one.outcomes.tolist() == expected.tolist()
    items = [item for entry in await entries(database, "answers") for item in entry.body["answers"]]
    first = next(item for item in items if item["horizon"] == "1h" and item["as_of"] == "2025-12-01T00:00:00Z")
    said = fixed.law_probabilities(issued.champion.distributions[ONE_HOUR], ONE_HOUR)
    outcome = found[START, ONE_HOUR].outcomes
    assert first["brier"]["toy"]["above"] == pytest.approx(float(np.mean((said[:6] - outcome[:6]) ** 2)))
    report = await verify(database)
    assert report.faults == []
    assert report.ledgers[0].n_answers == 17
    await settle(database, clock=ManualClock(START + DAY + 300))
    assert len([item for entry in await entries(database, "answers") for item in entry.body["answers"]]) == 17


@pytest.mark.usefixtures("issued")
async def test_a_gap_on_the_way_leaves_touching_void_but_not_the_close(database: Database, series: Series, candles: Candles):
    way = candles.up_to(START + HOUR)
    holed = Candles.concat([way.up_to(START + 1200), way.since(START + 1500)])
    await write(database, series, holed, at=START + HOUR)
    await settle(database, clock=ManualClock(START + HOUR + 6 * DAY))
    assert await answered(database, series) == {}
    await settle(database, clock=ManualClock(START + HOUR + 7 * DAY))
    one = (await answered(database, series))[START, ONE_HOUR]
    assert set(one.outcomes[TOUCH].tolist()) == {fixed.VOID}
    assert fixed.VOID not in one.outcomes[:9]
    assert "1 of the 12 candles" in one.void_reason
    assert (await verify(database)).faults == []
    # The candle turns up after all.
    await write(database, series, way, at=START + 9 * DAY)
    await settle(database, clock=ManualClock(START + 9 * DAY))
    again = (await answered(database, series))[START, ONE_HOUR]
    assert fixed.VOID not in again.outcomes
    assert again.void_reason is None
    corrected = (await entries(database, "answers"))[-1].body["answers"][0]
    assert corrected["corrects"] == one.answer_seq
    assert (await verify(database)).faults == []


@pytest.mark.usefixtures("issued")
async def test_borrowed_candles_answer_only_after_a_day(database: Database, series: Series, candles: Candles):
    lent = candles.up_to(START + HOUR).since(START)
    await write(database, series, lent, at=START + HOUR, lender=Series("coinbase", "BTC/USD"))
    await settle(database, clock=ManualClock(START + HOUR + DAY - 1))
    assert await answered(database, series) == {}
    await settle(database, clock=ManualClock(START + HOUR + DAY))
    assert (START, ONE_HOUR) in await answered(database, series)


@pytest.mark.usefixtures("issued")
async def test_a_revised_wick_changes_the_answer_once(database: Database, series: Series, candles: Candles):
    way = candles.up_to(START + HOUR)
    await write(database, series, way, at=START + HOUR)
    await settle(database, clock=ManualClock(START + HOUR))
    before = (await answered(database, series))[START, ONE_HOUR]
    one = way.since(START)[3:4]
    spiked = Candles(one.opened_at, one.open, one.high * 1.2, one.low, one.close, one.volume)
    await write(database, series, spiked, at=START + 2 * HOUR)
    await settle(database, clock=ManualClock(START + 2 * HOUR))
    after = (await answered(database, series))[START, ONE_HOUR]
    assert before.outcomes[TOUCH].tolist() != after.outcomes[TOUCH].tolist()
    assert after.outcomes[TOUCH][3:].tolist() == [1, 1, 1]
    n = len(await entries(database, "answers"))
    await settle(database, clock=ManualClock(START + 3 * HOUR))
    assert len(await entries(database, "answers")) == n
    assert (await verify(database)).faults == []


def change_said(body: dict[str, Any]) -> None:
    body["probabilities"]["1h"][0][0] += 0.01


def change_touch(body: dict[str, Any]) -> None:
    body["probabilities"]["1h"][0][14] = -0.1


def change_reflected(body: dict[str, Any]) -> None:
    body["probabilities"]["1h"][1][12] += 0.01


def change_set(body: dict[str, Any]) -> None:
    body["set"] = 2


def change_outcome(body: dict[str, Any]) -> None:
    body["answers"][0]["outcomes"]["above"][0] ^= 1


def change_wick(body: dict[str, Any]) -> None:
    body["answers"][0]["high"] *= 2


def change_score(body: dict[str, Any]) -> None:
    body["answers"][0]["brier"]["toy"]["touch"] += 1e-6


def drop_model(body: dict[str, Any]) -> None:
    del body["answers"][0]["brier"]["wide"]


def answer_twice(body: dict[str, Any]) -> None:
    body["answers"].append(copy.deepcopy(body["answers"][0]))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # What an entry says does not depend on the database.
@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        ("questions", change_said, "not what its quantiles give"),
        ("questions", change_touch, "not what its quantiles give"),
        ("questions", change_reflected, "not what its quantiles give"),
        ("questions", change_set, "does not know"),
        ("answers", change_outcome, "outcomes of “above”"),
        ("answers", change_wick, "outcomes of “touch”"),
        ("answers", change_score, "Brier score of toy"),
        ("answers", drop_model, "one score for each model"),
        ("answers", answer_twice, "no such question is open"),
    ],
)
@pytest.mark.usefixtures("issued")
async def test_what_does_not_follow_is_found(
    database: Database, series: Series, candles: Candles, *, kind: str, change: Callable[[dict[str, Any]], None], words: str
):
    await write(database, series, candles.up_to(START + HOUR), at=START + HOUR)
    await settle(database, clock=ManualClock(START + HOUR))
    async with database.read() as connection:
        ledger = Ledger(connection, Origin.LIVE)
        stored = [one.entry for one in await ledger.entries(0, before=await ledger.size())]
    # Somebody who holds the key writes the whole history anew, with one thing changed.
    async with database.transaction() as connection:
        await connection.execute(delete(ledger_nodes))
        await connection.execute(delete(ledger_entries))
    wrong = None
    for entry in stored:
        body = copy.deepcopy(dict(entry.body))
        if entry.kind == kind and wrong is None:
            change(body)
            wrong = entry.seq
        async with database.transaction() as connection:
            await Ledger(connection, Origin.LIVE).append(entry.kind, body, at=entry.at)
    fault = (await verify(database)).faults[0]
    assert fault.seq == wrong
    assert words in fault.what


async def test_the_record_holds_scores_parts_and_skill(database: Database, series: Series, candles: Candles, issuer: Issuer):
    await write(database, series, candles.up_to(START + 2 * DAY), at=START)
    for hour in range(30):
        await cycle(database, issuer, series, START + hour * HOUR, origin=Origin.REPLAYED)
    await settle(database, clock=ManualClock(START + 2 * DAY), origin=Origin.REPLAYED)
    live = await question_record(database, series, origin=Origin.LIVE, clock=ManualClock(START + 2 * DAY))
    assert (live.figures, live.n_cycles, live.until) == ((), 0, None)
    record = await question_record(database, series, origin=Origin.REPLAYED, clock=ManualClock(START + 2 * DAY))
    assert (record.n_cycles, record.n_void) == (30, 0)
    found = {(one.model, one.kind, one.horizon): one for one in record.figures if one.window == "all"}
    assert {horizon for _, _, horizon in found} == {"1h", "4h", "24h"}
    above = found["toy", "above", "1h"]
    async with database.read() as connection:
        rows = await QuestionStore(connection).answered(series, origin=Origin.REPLAYED)
    mine = [one for one in rows if one.horizon == ONE_HOUR]
    slow = np.mean([(one.probabilities[0][:6] - one.outcomes[:6]) ** 2 for one in mine])
    assert above.brier == pytest.approx(float(slow))
    assert (above.n_cycles, above.n) == (30, 180)
    assert sum(one.n for one in above.diagram) == 180
    assert found["toy", "touch", "1h"].n == 18
    (skill,) = above.skill
    assert (skill.baseline, skill.n_cycles, skill.verdict) == ("wide", 30, "too_few")
    assert found["wide", "above", "1h"].skill == ()
    # One that is three times too wide must look worse.
    assert skill.value > 0
