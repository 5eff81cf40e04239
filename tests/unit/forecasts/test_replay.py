from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from btcforecast.core import Candles, ManualClock, Origin, Series
from btcforecast.core.errors import InputError, NotFoundError
from btcforecast.forecasts.issue import Roles
from btcforecast.forecasts.ledger import Ledger, Signer
from btcforecast.forecasts.recompute import recompute
from btcforecast.forecasts.registry import ModelRegistry
from btcforecast.forecasts.replay import ReplayPlan, ReplayReport, replay
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.forecasts import CycleStatus, ForecastStore

START, HOUR, DAY = 1_764_547_200, 3600, 86400
IMPORTED_AT = START + 300 * DAY
ROLES = Roles("ewma", ("random_walk",))


def long_candles(n_days: int, *, first: int) -> Candles:
    rng = np.random.default_rng(3)
    close = 90_000 * np.exp(np.cumsum(rng.normal(0, 0.001, 288 * n_days)))
    opened = np.r_[90_000.0, close[:-1]]
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    return Candles(first + 300 * np.arange(len(close)), opened, high, low, close, np.ones(len(close)))


@pytest.fixture(scope="module")
def history() -> Candles:
    """Ninety days before START and four from it."""
    return long_candles(94, first=START - 90 * DAY)


@pytest.fixture
def versions(tmp_path: Path) -> ModelRegistry:
    return ModelRegistry(tmp_path / "models", Signer.generate())


async def run(
    database: Database,
    versions: ModelRegistry,
    series: Series,
    candles: Candles | None,
    *,
    days: int = 2,
    every_s: int = 4 * HOUR,
) -> ReplayReport:
    if candles is not None:
        async with database.transaction() as connection:
            await CandleStore(connection).write(series, candles, recorded_at=IMPORTED_AT)
    plan = ReplayPlan(series, START, START + days * DAY, every_s=every_s)
    return await replay(database, versions, ROLES, plan, clock=ManualClock(IMPORTED_AT + 60))


async def test_a_replay_issues_seals_and_settles_every_scheduled_instant(
    database: Database, versions: ModelRegistry, series: Series, history: Candles
):
    report = await run(database, versions, series, history)
    assert (report.n_issued, report.n_missed, report.n_fitted) == (12, 0, 2)
    async with database.read() as connection:
        store = ForecastStore(connection)
        cycles = await store.cycles(series, origin=Origin.REPLAYED)
        live = await store.cycles(series, origin=Origin.LIVE)
        newest = await store.latest(series, origin=Origin.REPLAYED)
        targets = await store.targets_of(newest.forecast.id)
    assert [cycle.as_of for cycle in reversed(cycles)] == list(range(START, START + 2 * DAY, 4 * HOUR))
    assert live == []
    # The history goes on for two days after the replay; what falls due there is settled, the rest is open.
    assert [target.status for target in targets] == ["settled"] * 4 + ["open"] * 3
    assert newest.sealed_at == newest.forecast.as_of
    assert newest.known_at == IMPORTED_AT + 60


async def test_models_are_fitted_only_to_what_had_closed(
    database: Database, versions: ModelRegistry, series: Series, history: Candles
):
    await run(database, versions, series, history)
    assert {version.trained_until for version in versions.versions()} == {START}


async def test_every_replayed_forecast_can_be_computed_again(
    database: Database, versions: ModelRegistry, series: Series, history: Candles
):
    await run(database, versions, series, history)
    async with database.read() as connection:
        page = await ForecastStore(connection).page(origin=Origin.REPLAYED, limit=100)
    assert len(page.forecasts) == 24
    assert all([(await recompute(database, versions, sealed)).is_identical for sealed in page.forecasts])


async def test_a_second_replay_of_the_same_time_adds_nothing(
    database: Database, versions: ModelRegistry, series: Series, history: Candles
):
    await run(database, versions, series, history)
    async with database.read() as connection:
        size = await Ledger(connection, Origin.REPLAYED).size()
    again = await run(database, versions, series, None)
    assert (again.n_issued, again.n_known, again.n_fitted) == (0, 12, 0)
    async with database.read() as connection:
        assert await Ledger(connection, Origin.REPLAYED).size() == size


async def test_a_hole_in_history_is_a_missed_cycle_with_its_reason(
    database: Database, versions: ModelRegistry, series: Series, history: Candles
):
    hole = START + 8 * HOUR
    report = await run(database, versions, series, Candles.concat([history.up_to(hole - 300), history.since(hole)]))
    assert (report.n_issued, report.n_missed) == (11, 1)
    async with database.read() as connection:
        cycle = await ForecastStore(connection).cycle(series, hole, origin=Origin.REPLAYED)
    assert cycle.status is CycleStatus.MISSED
    assert "missing from the history" in cycle.reason


async def test_a_replay_stops_where_history_does(database: Database, versions: ModelRegistry, series: Series, history: Candles):
    report = await run(database, versions, series, history.up_to(START + 8 * HOUR), days=2)
    assert (report.n_issued, report.n_missed) == (3, 0)
    with pytest.raises(NotFoundError, match="does not reach"):
        await replay(
            database, versions, ROLES, ReplayPlan(series, START + DAY, START + 2 * DAY), clock=ManualClock(IMPORTED_AT + 60)
        )


async def test_a_replay_before_history_says_when_history_begins(
    database: Database, versions: ModelRegistry, series: Series, history: Candles
):
    await run(database, versions, series, history, days=1)
    plan = ReplayPlan(series, START - 400 * DAY, START - 399 * DAY)
    with pytest.raises(NotFoundError, match="begins at 2025-09-02T00:00:00Z"):
        await replay(database, versions, ROLES, plan, clock=ManualClock(IMPORTED_AT + 60))


async def test_a_model_that_nobody_knows_is_refused_even_where_all_is_on_record(
    database: Database, versions: ModelRegistry, series: Series, history: Candles
):
    await run(database, versions, series, history, days=1)
    plan = ReplayPlan(series, START, START + DAY, every_s=4 * HOUR)
    with pytest.raises(InputError, match="There is no model “nope”"):
        await replay(database, versions, Roles("nope", ("ewma",)), plan, clock=ManualClock(IMPORTED_AT + 60))


def test_fits_that_would_see_nothing_before_the_replay_are_refused(series: Series):
    with pytest.raises(InputError, match="let them see older ones"):
        ReplayPlan(series, START, START + DAY, train_since=START + HOUR)


async def test_a_longer_replay_refits_on_its_schedule(
    database: Database, versions: ModelRegistry, series: Series, history: Candles
):
    async with database.transaction() as connection:
        await CandleStore(connection).write(series, history, recorded_at=IMPORTED_AT)
    plan = ReplayPlan(series, START, START + 3 * DAY, every_s=12 * HOUR, refit_every_s=DAY)
    report = await replay(database, versions, ROLES, plan, clock=ManualClock(IMPORTED_AT + 60))
    assert report.n_fitted == 6
    assert sorted({version.trained_until for version in versions.versions()}) == [START, START + DAY, START + 2 * DAY]
    async with database.read() as connection:
        page = await ForecastStore(connection).page(origin=Origin.REPLAYED, limit=100)
    assert all(
        versions.version(sealed.forecast.model_version).trained_until <= sealed.forecast.as_of for sealed in page.forecasts
    )


def test_a_plan_that_ends_before_it_begins_is_refused(series: Series):
    with pytest.raises(InputError, match="ends after it begins"):
        ReplayPlan(series, START, START)
