from __future__ import annotations

import asyncio
import math

import pytest

from btcforecast.core import HORIZONS, Candles, Horizon, ManualClock, Origin, Series
from btcforecast.engine.scoring import score
from btcforecast.forecasts.issue import Issued, Issuer, issue
from btcforecast.forecasts.ledger import Entry, Ledger
from btcforecast.forecasts.seal import Schedule, seal
from btcforecast.forecasts.settle import SettleReport, settle
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.feed import Feed
from btcforecast.store.forecasts import ForecastStore, Target

START, HOUR, DAY = 1_764_547_200, 3600, 86400
SCHEDULE = Schedule(every_s=HOUR, grace_s=600)
ONE_HOUR, FOUR_HOURS = HORIZONS[:2]


async def write(database: Database, series: Series, candles: Candles, *, at: int, lender: Series | None = None) -> None:
    async with database.transaction() as connection:
        await CandleStore(connection).write(series, candles, recorded_at=at, borrowed_from=lender)


async def sealed_cycle(database: Database, issuer: Issuer, series: Series, as_of: int) -> Issued:
    issued = await issue(database, issuer, series=series, as_of=as_of, clock=ManualClock(as_of + 5), with_paths=False)
    await seal(database, issued, schedule=SCHEDULE, clock=ManualClock(as_of + 7))
    return issued


async def target(database: Database, issued: Issued, horizon: Horizon) -> Target:
    async with database.read() as connection:
        targets = await ForecastStore(connection).targets_of(issued.champion.id)
    return next(found for found in targets if found.horizon == horizon)


async def entries(database: Database) -> list[Entry]:
    """The ledger, but for questions and their answers, which have tests of their own."""
    async with database.read() as connection:
        ledger = Ledger(connection, Origin.LIVE)
        found = [stored.entry for stored in await ledger.entries(0, before=await ledger.size())]
    return [entry for entry in found if entry.kind not in ("questions", "answers")]


async def ledger_kinds(database: Database) -> list[str]:
    return [entry.kind for entry in await entries(database)]


def with_close(candles: Candles, at: int, close: float) -> Candles:
    """The candle that closed at `at`, closing elsewhere."""
    one = candles.up_to(at)[-1:]
    both = [one.open[0], close]
    return Candles(one.opened_at, one.open, [max(both)], [min(both)], [close], one.volume)


@pytest.fixture
async def issued(database: Database, series: Series, candles: Candles, issuer: Issuer) -> Issued:
    """The cycle at START, sealed; the store has candles up to there."""
    await write(database, series, candles.up_to(START), at=START)
    return await sealed_cycle(database, issuer, series, START)


@pytest.mark.usefixtures("issued")
async def test_a_target_is_not_due_before_its_candle_has_closed(database: Database, series: Series, candles: Candles):
    await write(database, series, candles.up_to(START + HOUR - 300), at=START + HOUR)
    assert await settle(database, clock=ManualClock(START + HOUR - 1)) == SettleReport()
    assert await settle(database, clock=ManualClock(START + HOUR)) == SettleReport(n_waiting=2)


async def test_every_model_is_scored_on_the_close_of_the_candle_that_ends_at_the_target(
    database: Database, series: Series, candles: Candles, issued: Issued
):
    await write(database, series, candles.up_to(START + 4 * HOUR), at=START + 4 * HOUR)
    assert await settle(database, clock=ManualClock(START + 4 * HOUR)) == SettleReport(n_settled=4)
    found = await target(database, issued, ONE_HOUR)
    close = candles.close_at(START + HOUR)
    expected = score(issued.champion.distributions[ONE_HOUR], math.log(close / issued.champion.spot))
    assert (found.close, found.status) == (close, "settled")
    assert found.log_return == math.log(close / issued.champion.spot)
    assert (found.crps_bps, found.log_score, found.pit) == (expected.crps_bps, expected.log_score, expected.pit)
    assert found.interval_score_bps == dict(expected.interval_score_bps)
    assert {percent: found.covered(percent) for percent in (50, 80, 90, 95)} == dict(expected.covered)


@pytest.mark.usefixtures("issued")
async def test_one_entry_and_one_event_carry_all_models_of_a_horizon(database: Database, series: Series, candles: Candles):
    await write(database, series, candles.up_to(START + HOUR), at=START + HOUR)
    await settle(database, clock=ManualClock(START + HOUR + 9))
    async with database.read() as connection:
        events = await Feed(connection).events_after(0)
    entry = (await entries(database))[2]
    assert entry.kind == "settlement"
    assert (entry.body["horizon"], entry.body["target_at"]) == ("1h", "2025-12-01T01:00:00Z")
    assert [(scored["model"], scored["entry"]) for scored in entry.body["scores"]] == [("toy", 0), ("wide", 1)]
    assert [event.kind for event in events] == ["forecast", "settlement"]


@pytest.mark.usefixtures("issued")
async def test_settling_again_changes_nothing(database: Database, series: Series, candles: Candles):
    await write(database, series, candles.up_to(START + HOUR), at=START + HOUR)
    await settle(database, clock=ManualClock(START + HOUR))
    assert await settle(database, clock=ManualClock(START + HOUR + 60)) == SettleReport()
    assert await ledger_kinds(database) == ["forecast", "forecast", "settlement"]


@pytest.mark.usefixtures("issued")
async def test_two_workers_that_settle_at_once_settle_once(database: Database, series: Series, candles: Candles):
    await write(database, series, candles.up_to(START + 4 * HOUR), at=START + 4 * HOUR)
    reports = await asyncio.gather(*(settle(database, clock=ManualClock(START + 4 * HOUR)) for _ in range(4)))
    assert sum(report.n_settled for report in reports) == 4
    assert (await ledger_kinds(database)).count("settlement") == 2


@pytest.mark.usefixtures("issued")
async def test_a_worker_that_dies_in_the_middle_of_settling_leaves_nothing_half_done(
    database: Database, series: Series, candles: Candles, monkeypatch: pytest.MonkeyPatch
):
    await write(database, series, candles.up_to(START + HOUR), at=START + HOUR)

    async def die(*_args: object, **_options: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(Feed, "append_event", die)
        with pytest.raises(asyncio.CancelledError):
            await settle(database, clock=ManualClock(START + HOUR))
    assert await ledger_kinds(database) == ["forecast", "forecast"]
    assert await settle(database, clock=ManualClock(START + HOUR)) == SettleReport(n_settled=2)


async def test_a_target_whose_candle_never_comes_is_void_after_a_week(
    database: Database, series: Series, candles: Candles, issued: Issued
):
    await write(database, series, candles.up_to(START + 2 * HOUR).since(START + HOUR), at=START + 2 * HOUR)
    assert await settle(database, clock=ManualClock(START + HOUR + 7 * DAY - 1)) == SettleReport(n_waiting=12)
    report = await settle(database, clock=ManualClock(START + HOUR + 7 * DAY))
    assert (report.n_void, report.n_settled) == (2, 0)
    found = await target(database, issued, ONE_HOUR)
    assert found.status == "void"
    assert found.crps_bps is None
    assert "none came within a week" in found.void_reason
    assert (await ledger_kinds(database))[-1] == "settlement"


async def test_a_void_target_is_corrected_when_its_candle_turns_up(
    database: Database, series: Series, candles: Candles, issued: Issued
):
    await settle(database, clock=ManualClock(START + HOUR + 7 * DAY))
    await write(database, series, candles.up_to(START + HOUR), at=START + 8 * DAY)
    report = await settle(database, clock=ManualClock(START + 8 * DAY))
    assert report.n_corrected == 2
    assert (await target(database, issued, ONE_HOUR)).status == "settled"
    assert "correction" in await ledger_kinds(database)


@pytest.mark.usefixtures("issued")
async def test_a_borrowed_candle_settles_only_after_a_day_and_says_so(database: Database, series: Series, candles: Candles):
    lent = candles.up_to(START + HOUR).since(START)
    await write(database, series, lent, at=START + HOUR, lender=Series("coinbase", "BTC/USD"))
    assert await settle(database, clock=ManualClock(START + HOUR + DAY - 1)) == SettleReport(n_waiting=8)
    assert (await settle(database, clock=ManualClock(START + HOUR + DAY))).n_settled == 2
    assert (await entries(database))[2].body["borrowed_from"] == "coinbase"


async def test_a_revised_candle_leads_to_a_correction_and_erases_nothing(
    database: Database, series: Series, candles: Candles, issued: Issued
):
    await write(database, series, candles.up_to(START + HOUR), at=START + HOUR)
    await settle(database, clock=ManualClock(START + HOUR))
    before = await target(database, issued, ONE_HOUR)
    await write(database, series, with_close(candles, START + HOUR, 91_234.5), at=START + 2 * HOUR)
    assert await settle(database, clock=ManualClock(START + 2 * HOUR)) == SettleReport(n_corrected=2)
    after = await target(database, issued, ONE_HOUR)
    assert after.close == 91_234.5
    assert after.crps_bps != before.crps_bps
    first, entry = (await entries(database))[2:]
    assert (entry.kind, entry.body["corrects"]) == ("correction", [first.seq])
    assert first.body["close"] == before.close
    # Corrected once, it stands until the next revision.
    assert await settle(database, clock=ManualClock(START + 3 * HOUR)) == SettleReport()


@pytest.mark.usefixtures("issued")
async def test_revising_only_the_volume_corrects_nothing(database: Database, series: Series, candles: Candles):
    await write(database, series, candles.up_to(START + HOUR), at=START + HOUR)
    await settle(database, clock=ManualClock(START + HOUR))
    one = candles.up_to(START + HOUR)[-1:]
    await write(
        database, series, Candles(one.opened_at, one.open, one.high, one.low, one.close, one.volume + 1), at=START + 2 * HOUR
    )
    assert await settle(database, clock=ManualClock(START + 2 * HOUR)) == SettleReport()


@pytest.mark.usefixtures("issued")
async def test_long_waiting_targets_do_not_hold_up_those_behind_them(
    database: Database, series: Series, candles: Candles, issuer: Issuer
):
    hole = START + HOUR
    rest = Candles.concat([candles.up_to(hole - 300), candles.since(hole)])
    await write(database, series, rest.up_to(START + 2 * DAY), at=START)
    for hour in range(2, 30):
        await sealed_cycle(database, issuer, series, START + hour * HOUR)
    report = await settle(database, clock=ManualClock(START + 2 * DAY))
    assert report.n_waiting == 2
    assert report.n_settled > 100
