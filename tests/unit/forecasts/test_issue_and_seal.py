from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from btcforecast.core import HORIZONS, Candles, ManualClock, Origin, Series
from btcforecast.core.errors import InputError, LedgerSealedTooLateError, NotFoundError, UnavailableError
from btcforecast.forecasts.issue import Issued, Issuer, Roles, issue
from btcforecast.forecasts.ledger import Ledger
from btcforecast.forecasts.recompute import recompute
from btcforecast.forecasts.seal import Schedule, record_missed, seal
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.feed import Feed
from btcforecast.store.forecasts import CycleStatus, ForecastStore, Role

START, HOUR, DAY = 1_764_547_200, 3600, 86400
SCHEDULE = Schedule(every_s=HOUR, grace_s=600)


async def store_candles(database: Database, series: Series, candles: Candles, *, at: int) -> None:
    async with database.transaction() as connection:
        await CandleStore(connection).write(series, candles, recorded_at=at)


async def issue_at(database: Database, issuer: Issuer, series: Series, as_of: int) -> Issued:
    return await issue(database, issuer, series=series, as_of=as_of, clock=ManualClock(as_of + 5))


def same_forecasts(one: Issued, other: Issued) -> bool:
    return all(
        a.id == b.id
        and a.data_digest == b.data_digest
        and a.spot == b.spot
        and all(np.array_equal(law.quantiles, b.distributions[horizon].quantiles) for horizon, law in a.distributions.items())
        for (a, _), (b, _) in zip(one.forecasts, other.forecasts, strict=True)
    )


async def test_a_warm_issuer_gives_the_same_bits_as_a_cold_one_and_loads_once(
    database: Database, series: Series, candles: Candles, registry: Any
):
    await store_candles(database, series, candles, at=START)
    warm = Issuer(registry, Roles("toy", ("wide",)), n_paths=20)
    issued = [await issue_at(database, warm, series, START + hour * HOUR) for hour in range(4)]
    assert registry.n_loaded == 2
    cold = await issue_at(database, Issuer(registry, Roles("toy", ("wide",)), n_paths=20), series, START + 3 * HOUR)
    assert same_forecasts(issued[-1], cold)
    assert np.array_equal(issued[-1].paths.returns, cold.paths.returns)


async def test_a_candle_revised_behind_a_warm_model_makes_it_start_again(
    database: Database, series: Series, candles: Candles, registry: Any
):
    await store_candles(database, series, candles, at=START)
    warm = Issuer(registry, Roles("toy", ("wide",)), n_paths=20)
    before = await issue_at(database, warm, series, START)
    old = candles.up_to(START)[-50:-49]
    revised = Candles(old.opened_at, old.open, old.high * 1.01, old.low, old.close * 1.005, old.volume)
    await store_candles(database, series, revised, at=START + 1)
    after = await issue_at(database, warm, series, START)
    cold = await issue_at(database, Issuer(registry, Roles("toy", ("wide",)), n_paths=20), series, START)
    assert same_forecasts(after, cold)
    assert after.champion.data_digest != before.champion.data_digest


async def test_a_cycle_without_its_newest_candle_cannot_be_issued_yet(
    database: Database, series: Series, candles: Candles, issuer: Issuer
):
    await store_candles(database, series, candles.up_to(START - 300), at=START)
    with pytest.raises(UnavailableError, match="no candle that closed at 2025-12-01T00:00:00Z"):
        await issue_at(database, issuer, series, START)
    await store_candles(database, series, candles.up_to(START), at=START)
    assert (await issue_at(database, issuer, series, START)).champion.as_of == START


async def test_a_forecast_cannot_be_issued_from_the_future(database: Database, series: Series, issuer: Issuer):
    with pytest.raises(InputError, match="future"):
        await issue(database, issuer, series=series, as_of=START + HOUR, clock=ManualClock(START))


async def test_a_champion_without_a_version_stops_the_cycle_and_a_baseline_without_one_does_not(
    database: Database, series: Series, candles: Candles, registry: Any
):
    await store_candles(database, series, candles, at=START)
    with pytest.raises(UnavailableError, match="champion absent has no usable version"):
        await issue_at(database, Issuer(registry, Roles("absent", ("toy",))), series, START)
    issued = await issue_at(database, Issuer(registry, Roles("toy", ("absent", "wide")), n_paths=20), series, START)
    assert [forecast.model for forecast, _ in issued.forecasts] == ["toy", "wide"]


async def test_sealing_puts_forecasts_targets_paths_event_and_entries_on_record(
    database: Database, series: Series, candles: Candles, issuer: Issuer
):
    await store_candles(database, series, candles, at=START)
    issued = await issue_at(database, issuer, series, START)
    assert await seal(database, issued, schedule=SCHEDULE, clock=ManualClock(START + 7))
    async with database.read() as connection:
        store = ForecastStore(connection)
        sealed = await store.latest(series)
        targets = await store.targets_of(issued.champion.id)
        paths = await store.paths_of(issued.champion.id)
        entry = await Ledger(connection, Origin.LIVE).entry(0)
        events = await Feed(connection).events_after(0)
        baseline = await store.latest(series, model="wide")
    assert sealed.forecast.id == issued.champion.id
    assert (sealed.role, sealed.sealed_at, sealed.known_at, sealed.is_scheduled) == (Role.CHAMPION, START + 7, START + 5, True)
    assert all(
        np.array_equal(law.quantiles, issued.champion.distributions[horizon].quantiles)
        for horizon, law in sealed.forecast.distributions.items()
    )
    assert [target.horizon for target in targets] == list(HORIZONS)
    assert {target.status for target in targets} == {"open"}
    assert np.array_equal(paths.returns, issued.paths.returns)
    frame = pl.read_parquet(io.BytesIO(paths.parquet))
    assert frame.shape == (20 * 289, 3)
    assert frame["price"][0] == pytest.approx(issued.champion.spot)
    assert entry.entry.body["forecast"] == issued.champion.id
    assert [event.kind for event in events] == ["forecast"]
    assert baseline.role is Role.BASELINE


async def test_sealing_the_same_cycle_twice_changes_nothing(database: Database, series: Series, candles: Candles, issuer: Issuer):
    await store_candles(database, series, candles, at=START)
    issued = await issue_at(database, issuer, series, START)
    assert await seal(database, issued, schedule=SCHEDULE, clock=ManualClock(START + 7))
    assert not await seal(database, issued, schedule=SCHEDULE, clock=ManualClock(START + 9))
    async with database.read() as connection:
        assert await Ledger(connection, Origin.LIVE).size() == 3
        assert len(await Feed(connection).events_after(0)) == 1


async def test_of_many_workers_that_seal_one_cycle_exactly_one_does(
    database: Database, series: Series, candles: Candles, issuer: Issuer
):
    await store_candles(database, series, candles, at=START)
    issued = await issue_at(database, issuer, series, START)
    sealing = (seal(database, issued, schedule=SCHEDULE, clock=ManualClock(START + 7)) for _ in range(6))
    assert sorted(await asyncio.gather(*sealing)) == [False] * 5 + [True]
    async with database.read() as connection:
        assert await Ledger(connection, Origin.LIVE).size() == 3


@pytest.mark.parametrize("late", [601, HOUR, -1])
async def test_a_forecast_is_not_sealed_after_its_grace_or_before_its_instant(
    database: Database, series: Series, candles: Candles, issuer: Issuer, late: int
):
    await store_candles(database, series, candles, at=START)
    issued = await issue_at(database, issuer, series, START)
    with pytest.raises(LedgerSealedTooLateError):
        await seal(database, issued, schedule=Schedule(every_s=HOUR, grace_s=600), clock=ManualClock(START + late))
    async with database.read() as connection:
        assert await Ledger(connection, Origin.LIVE).size() == 0
        assert await ForecastStore(connection).cycle(series, START, origin=Origin.LIVE) is None


async def test_no_grace_reaches_past_the_first_target(database: Database, series: Series, candles: Candles, issuer: Issuer):
    await store_candles(database, series, candles, at=START)
    issued = await issue_at(database, issuer, series, START)
    with pytest.raises(LedgerSealedTooLateError):
        await seal(database, issued, schedule=Schedule(every_s=HOUR, grace_s=2 * HOUR), clock=ManualClock(START + HOUR))


async def test_every_scheduled_instant_is_issued_or_missed(database: Database, series: Series, candles: Candles, issuer: Issuer):
    await store_candles(database, series, candles, at=START)
    for hour in (0, 3):
        issued = await issue_at(database, issuer, series, START + hour * HOUR)
        await seal(database, issued, schedule=SCHEDULE, clock=ManualClock(START + hour * HOUR + 7))
    clock = ManualClock(START + 5 * HOUR + 60)
    missed = await record_missed(database, series, schedule=SCHEDULE, clock=clock, reasons={START + HOUR: "No candle."})
    # The instant of five o'clock is still within its grace.
    assert missed == [START + HOUR, START + 2 * HOUR, START + 4 * HOUR]
    assert await record_missed(database, series, schedule=SCHEDULE, clock=clock) == []
    async with database.read() as connection:
        cycles = await ForecastStore(connection).cycles(series, origin=Origin.LIVE)
        entry = await Ledger(connection, Origin.LIVE).entry(6)
    assert [cycle.status for cycle in reversed(cycles)] == [
        CycleStatus.ISSUED,
        CycleStatus.MISSED,
        CycleStatus.MISSED,
        CycleStatus.ISSUED,
        CycleStatus.MISSED,
    ]
    assert entry.entry.kind == "missed_cycle"
    assert entry.entry.body["reason"] == "No candle."


async def test_a_missed_cycle_cannot_be_sealed_later(database: Database, series: Series, candles: Candles, issuer: Issuer):
    await store_candles(database, series, candles, at=START)
    await seal(database, await issue_at(database, issuer, series, START), schedule=SCHEDULE, clock=ManualClock(START + 7))
    issued = await issue_at(database, issuer, series, START + HOUR)
    await record_missed(database, series, schedule=SCHEDULE, clock=ManualClock(START + HOUR + 700))
    assert not await seal(database, issued, schedule=SCHEDULE, clock=ManualClock(START + HOUR + 500))


async def test_old_paths_are_forgotten_when_new_ones_come(database: Database, series: Series, candles: Candles, issuer: Issuer):
    await store_candles(database, series, candles, at=START)
    issued = [await issue_at(database, issuer, series, START + hour * HOUR) for hour in range(3)]
    for one in issued:
        await seal(database, one, schedule=SCHEDULE, clock=ManualClock(one.as_of + 7), paths_kept_s=HOUR)
    async with database.read() as connection:
        kept = [await ForecastStore(connection).paths_of(one.champion.id) is not None for one in issued]
    assert kept == [False, True, True]


async def test_pages_go_through_all_forecasts_newest_first_and_filter(
    database: Database, series: Series, candles: Candles, issuer: Issuer
):
    await store_candles(database, series, candles, at=START)
    for hour in range(3):
        issued = await issue_at(database, issuer, series, START + hour * HOUR)
        await seal(database, issued, schedule=SCHEDULE, clock=ManualClock(issued.as_of + 7))
    async with database.read() as connection:
        store = ForecastStore(connection)
        seen, cursor = [], None
        while True:
            page = await store.page(origin=Origin.LIVE, cursor=cursor, limit=2)
            seen += page.forecasts
            cursor = page.next_cursor
            if cursor is None:
                break
        filtered = await store.page(origin=Origin.LIVE, model="wide", venue="kraken", symbol="BTC/USD")
        with pytest.raises(InputError, match="not a cursor"):
            await store.page(origin=Origin.LIVE, cursor="x")
        with pytest.raises(NotFoundError):
            await store.by_id("f0")
        assert (await store.page(origin=Origin.REPLAYED)).forecasts == ()
    assert len({sealed.forecast.id for sealed in seen}) == len(seen) == 6
    assert [sealed.forecast.as_of for sealed in seen] == sorted((s.forecast.as_of for s in seen), reverse=True)
    assert [sealed.forecast.model for sealed in filtered.forecasts] == ["wide"] * 3


async def test_a_sealed_forecast_is_recomputed_bit_for_bit_even_after_its_candles_were_revised(
    database: Database, series: Series, candles: Candles, issuer: Issuer, registry: Any
):
    await store_candles(database, series, candles, at=START)
    issued = await issue_at(database, issuer, series, START)
    await seal(database, issued, schedule=SCHEDULE, clock=ManualClock(START + 7))
    old = candles.up_to(START)[-50:-49]
    revised = Candles(old.opened_at, old.open, old.high * 1.01, old.low, old.close * 1.005, old.volume)
    await store_candles(database, series, revised, at=START + 100)
    async with database.read() as connection:
        sealed = await ForecastStore(connection).latest(series)
    again = await recompute(database, registry, sealed, n_paths=20)
    assert again.is_identical
    assert np.array_equal(again.paths.returns, issued.paths.returns)


async def test_recomputing_names_the_parts_that_differ(
    database: Database, series: Series, candles: Candles, issuer: Issuer, registry: Any
):
    await store_candles(database, series, candles, at=START)
    issued = await issue_at(database, issuer, series, START)
    await seal(database, issued, schedule=SCHEDULE, clock=ManualClock(START + 7))
    kind, state = registry.states[issued.champion.model_version]
    registry.states[issued.champion.model_version] = (kind, {**state, "width": state["width"] * 1.1})
    async with database.read() as connection:
        sealed = await ForecastStore(connection).latest(series)
    again = await recompute(database, registry, sealed)
    assert again.differences == tuple(f"the quantiles at {horizon}" for horizon in HORIZONS)


async def test_the_entry_of_a_forecast_says_everything_that_scoring_and_recomputing_need(
    database: Database, series: Series, candles: Candles, issuer: Issuer
):
    await store_candles(database, series, candles, at=START)
    issued = await issue_at(database, issuer, series, START)
    await seal(database, issued, schedule=SCHEDULE, clock=ManualClock(START + 7))
    async with database.read() as connection:
        body = json.loads((await Ledger(connection, Origin.LIVE).entry(0)).text)["body"]
    assert set(body) == {
        *("forecast", "venue", "symbol", "simulated", "model", "model_version", "role", "scheduled", "as_of", "known_at"),
        *("sealed_at", "spot", "seed", "data_digest", "borrowed_from", "quantiles"),
    }
    assert body["quantiles"].keys() == {str(horizon) for horizon in HORIZONS}
