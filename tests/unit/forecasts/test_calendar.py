"""What models are told of scheduled events, and that it can be told again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import update

from btcforecast.core import (
    LEVELS,
    NO_EVENTS,
    Calendar,
    Candles,
    Distribution,
    Floats,
    Horizon,
    ManualClock,
    Origin,
    ScheduledEvent,
    Series,
)
from btcforecast.core.distribution import logit
from btcforecast.engine.models.contract import Model, State
from btcforecast.forecasts.calendar import merge_calendar, replace_calendar, withdraw_events
from btcforecast.forecasts.fit import fit_models
from btcforecast.forecasts.issue import Issued, Issuer, issue
from btcforecast.forecasts.ledger import Ledger, Signer
from btcforecast.forecasts.recompute import recompute
from btcforecast.forecasts.registry import ModelRegistry
from btcforecast.forecasts.seal import Schedule, seal
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.forecasts import ForecastStore
from btcforecast.store.tables import scheduled_events

START, HOUR, DAY = 1_764_547_200, 3600, 86400
SCHEDULE = Schedule(every_s=HOUR, grace_s=600)
PAST = ScheduledEvent(START - 6 * HOUR, "cpi")
AHEAD = ScheduledEvent(START + 12 * HOUR, "fomc")
LATER = ScheduledEvent(START + 14 * HOUR, "nfp", announced_at=START + HOUR)


class Eventful(Model):
    """Remembers how many candles it saw in the hour after an event, and is wider when one lies ahead."""

    name: ClassVar[str] = "eventful"
    min_candles: ClassVar[int] = 10
    heat: int = 0

    @classmethod
    def _fit(cls, history: Candles) -> Self:  # noqa: ARG003  # it learns nothing
        return cls()

    def _observe(self, candles: Candles) -> None:
        at = np.array([event.at for event in self.calendar.events], np.int64)
        since = candles.opened_at[:, None] - at
        self.heat += int(((since >= 0) & (since < HOUR)).any(axis=1).sum())

    def _distribution(self, horizon: Horizon) -> Distribution:
        ahead = len(self.calendar.between(self.as_of, self.as_of + horizon.seconds))
        return Distribution(1e-3 * (1 + self.heat / 10 + ahead) * logit(LEVELS))

    def _paths(self, n_paths: int, n_steps: int, rng: np.random.Generator) -> Floats:
        steps = rng.normal(0, 1e-3 * (1 + self.heat), (n_paths, n_steps))
        return np.hstack([np.zeros((n_paths, 1)), np.cumsum(steps, axis=1)])

    def _state(self) -> State:
        return {"heat": np.int64(self.heat)}

    @classmethod
    def _from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        model = cls()
        model.heat = int(state["heat"])
        return model


@pytest.fixture
def make_issuer(registry: Any, issuer: Issuer, candles: Candles, series: Series) -> Any:
    """Make an issuer without memory, of Eventful and Toy, both fitted at START − 1 day."""
    fitted = Eventful.fit(candles.up_to(START - DAY))
    registry.save(fitted, series=series, trained_from=0, data_digest="", created_at=0)
    roles = replace(issuer.roles, champion="eventful", baselines=("toy",))
    return lambda: Issuer(registry, roles, n_paths=20)


@pytest.fixture
async def stored(database: Database, series: Series, candles: Candles) -> Database:
    async with database.transaction() as connection:
        await CandleStore(connection).write(series, candles, recorded_at=START)
    return database


async def tell(database: Database, *events: ScheduledEvent, at: int) -> None:
    await replace_calendar(database, Calendar.of(events), clock=ManualClock(at))


async def issue_at(database: Database, issuer: Issuer, series: Series, as_of: int) -> Issued:
    return await issue(database, issuer, series=series, as_of=as_of, clock=ManualClock(as_of + 5))


async def sealed_entries(database: Database, issued: Issued) -> list[dict[str, Any]]:
    await seal(database, issued, schedule=SCHEDULE, clock=ManualClock(issued.as_of + 7))
    async with database.read() as connection:
        ledger = Ledger(connection, Origin.LIVE)
        entries = await ledger.entries(0, before=await ledger.size())
    return [dict(found.entry.body) for found in entries if found.entry.kind == "forecast"]


def widths(issued: Issued) -> dict[str, float]:
    return {str(horizon): float(law.quantiles[-1]) for horizon, law in issued.champion.distributions.items()}


async def test_every_change_of_the_calendar_is_on_the_live_ledger_and_no_change_is_not(database: Database):
    clock = ManualClock(START)
    calendar = Calendar.of([PAST, AHEAD])
    assert await merge_calendar(database, calendar, clock=clock)
    assert not await merge_calendar(database, calendar, clock=clock)
    assert not await replace_calendar(database, calendar, clock=clock)
    clock.advance(60)
    await withdraw_events(database, Calendar.of([PAST]), clock=clock)
    await replace_calendar(database, NO_EVENTS, clock=clock)
    async with database.read() as connection:
        ledger = Ledger(connection, Origin.LIVE)
        entries = [found.entry for found in await ledger.entries(0, before=await ledger.size())]
    assert [(entry.kind, entry.at) for entry in entries] == [("calendar", START), *[("calendar", START + 60)] * 2]
    assert entries[0].body == {
        "n_added": 2,
        "n_withdrawn": 0,
        "n_events": 2,
        "n_events_by_kind": {"cpi": 1, "fomc": 1},
        "first_at": "2025-11-30T18:00:00Z",
        "last_at": "2025-12-01T12:00:00Z",
        "calendar_digest": calendar.digest(),
    }
    assert entries[2].body == {
        "n_added": 0,
        "n_withdrawn": 1,
        "n_events": 0,
        "n_events_by_kind": {},
        "first_at": None,
        "last_at": None,
        "calendar_digest": NO_EVENTS.digest(),
    }


async def test_models_are_told_of_events_from_their_announcement_on(stored: Database, series: Series, make_issuer: Any):
    issuer = make_issuer()
    nothing = await issue_at(stored, issuer, series, START)
    await tell(stored, PAST, AHEAD, LATER, at=START)
    before = await issue_at(stored, issuer, series, START)
    after = await issue_at(stored, issuer, series, START + HOUR)
    assert nothing.champion.calendar_digest is None
    assert before.champion.calendar_digest == Calendar.of([PAST, AHEAD]).digest()
    assert after.champion.calendar_digest == Calendar.of([PAST, AHEAD, LATER]).digest()
    # Twelve candles followed PAST; AHEAD and LATER lie within a day, and not within four hours.
    assert widths(before)["4h"] / widths(nothing)["4h"] == pytest.approx(2.2)
    assert widths(before)["24h"] / widths(nothing)["24h"] == pytest.approx(3.2)
    assert widths(after)["24h"] / widths(nothing)["24h"] == pytest.approx(4.2)


@pytest.mark.parametrize(
    "change",
    [(AHEAD,), (PAST, AHEAD, ScheduledEvent(START - 3 * HOUR, "nfp")), (PAST, replace(AHEAD, at=AHEAD.at + HOUR)), ()],
    ids=["a past event is withdrawn", "a past event is added", "a coming event is moved", "all are withdrawn"],
)
async def test_a_warm_issuer_gives_the_same_bits_as_a_cold_one_whatever_becomes_of_the_calendar(
    stored: Database, series: Series, make_issuer: Any, registry: Any, change: tuple[ScheduledEvent, ...]
):
    await tell(stored, PAST, AHEAD, at=START)
    warm = make_issuer()
    for hour in (0, 1):
        await issue_at(stored, warm, series, START + hour * HOUR)
    assert registry.n_loaded == 2
    await tell(stored, *change, at=START + HOUR + 60)
    again = await issue_at(stored, warm, series, START + 2 * HOUR)
    cold = await issue_at(stored, make_issuer(), series, START + 2 * HOUR)
    assert widths(again) == widths(cold)
    assert again.champion.calendar_digest == cold.champion.calendar_digest
    assert np.array_equal(again.paths.returns, cold.paths.returns)


async def test_a_sealed_forecast_is_recomputed_bit_for_bit_after_the_calendar_changed(
    stored: Database, series: Series, make_issuer: Any, registry: Any
):
    await tell(stored, PAST, AHEAD, at=START)
    issued = await issue_at(stored, make_issuer(), series, START)
    entries = await sealed_entries(stored, issued)
    assert {body["calendar_digest"] for body in entries} == {Calendar.of([PAST, AHEAD]).digest()}
    # The first change falls into the very second in which the forecast read the calendar.
    await tell(stored, ScheduledEvent(START - HOUR, "cpi"), at=START + 5)
    await tell(stored, at=START + 60)
    async with stored.read() as connection:
        sealed = await ForecastStore(connection).latest(series, model="eventful")
    assert sealed is not None
    again = await recompute(stored, registry, sealed, n_paths=20)
    assert again.differences == ()
    assert np.array_equal(again.paths.returns, issued.paths.returns)


async def test_a_forecast_from_before_the_first_calendar_says_nothing_of_it_and_recomputes(
    stored: Database, series: Series, make_issuer: Any, registry: Any
):
    issued = await issue_at(stored, make_issuer(), series, START)
    entries = await sealed_entries(stored, issued)
    assert all("calendar_digest" not in body for body in entries)
    await tell(stored, PAST, AHEAD, at=START + 60)
    async with stored.read() as connection:
        sealed = await ForecastStore(connection).latest(series, model="eventful")
    assert sealed is not None
    assert sealed.forecast.calendar_digest is None
    assert (await recompute(stored, registry, sealed)).is_identical


async def test_a_calendar_changed_behind_the_record_shows(stored: Database, series: Series, make_issuer: Any, registry: Any):
    await tell(stored, PAST, at=START)
    await sealed_entries(stored, await issue_at(stored, make_issuer(), series, START))
    async with stored.transaction() as connection:
        await connection.execute(update(scheduled_events).values(at=PAST.at - 6 * HOUR))
        await connection.execute(update(scheduled_events).values(kind="nfp"))
        sealed = await ForecastStore(connection).latest(series, model="eventful")
    assert sealed is not None
    assert (await recompute(stored, registry, sealed)).differences == ("the scheduled events known then",)


async def test_a_fit_sees_the_events_announced_by_its_end_and_its_manifest_names_them(
    stored: Database, series: Series, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    class Listening(Eventful):
        @classmethod
        def _fit_with(cls, history: Candles, calendar: Calendar) -> Self:
            model = cls._fit(history)
            model.heat = len(calendar)
            return model

    monkeypatch.setattr("btcforecast.forecasts.fit.load_model", {"eventful": Listening}.__getitem__)
    registry = ModelRegistry(tmp_path / "models", Signer.generate(), find_model={"eventful": Listening}.__getitem__)

    async def fit() -> Any:
        [version] = await fit_models(stored, registry, series, ["eventful"], until=START, now=START + 300)
        return version

    plain = await fit()
    await tell(stored, PAST, AHEAD, LATER, at=START + 60)
    told = await fit()
    assert (plain.calendar_digest, told.calendar_digest) == (None, Calendar.of([PAST, AHEAD]).digest())
    assert registry.load(told.name).heat == 2  # type: ignore[attr-defined]  # it is a Listening
    assert "calendar_digest" not in plain.manifest()
    assert registry.version(told.name).manifest()["calendar_digest"] == told.calendar_digest
    assert plain.name != told.name
