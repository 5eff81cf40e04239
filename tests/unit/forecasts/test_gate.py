"""Faults put into the real path from issue to seal lead to the documented state, and out of it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from btcforecast.core import Candles, ManualClock, Origin, Series
from btcforecast.core.errors import UnavailableError, WithheldError
from btcforecast.engine.calibration.gate import GateLimits
from btcforecast.engine.calibration.health import Health
from btcforecast.forecasts.issue import Issuer, issue
from btcforecast.forecasts.ledger import Ledger
from btcforecast.forecasts.roles import Roles
from btcforecast.forecasts.seal import Schedule, record_missed, seal
from btcforecast.forecasts.served import newest_served
from btcforecast.forecasts.settle import settle
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.feed import Feed
from btcforecast.store.forecasts import ForecastStore
from btcforecast.store.gate import GateState, GateStore, GateTransition

START, HOUR, DAY = 1_764_547_200, 3600, 86400
EVERY_2_HOURS = 2 * HOUR
LIMITS = GateLimits()
QUICK = GateLimits(
    score_window_s=12 * HOUR,
    coverage_window_s=12 * HOUR,
    coverage_24h_window_s=12 * HOUR,
    coverage_1h=(60, 100),
    coverage_4h=(60, 100),
    coverage_24h=(0, 100),
    recovery_s=4 * HOUR,
    min_share=0.4,
)
"""Windows of half a day, so that a test can live through them."""


@dataclass
class Desk:
    """Lives through cycles on one database."""

    database: Database
    series: Series
    issuer: Issuer
    limits: GateLimits = LIMITS
    every_s: int = HOUR

    @property
    def schedule(self) -> Schedule:
        return Schedule(every_s=self.every_s, grace_s=1800)

    async def store(self, candles: Candles) -> None:
        async with self.database.transaction() as connection:
            await CandleStore(connection).write(self.series, candles, recorded_at=START)

    async def cycle(self, as_of: int, *, late_s: int = 7) -> GateState:
        issued = await issue(self.database, self.issuer, series=self.series, as_of=as_of, clock=ManualClock(as_of + 5))
        assert await seal(self.database, issued, schedule=self.schedule, clock=ManualClock(as_of + late_s), limits=self.limits)
        return await self.state()

    async def live_through(self, first: int, until: int) -> list[GateState]:
        """Seal, then settle, at every scheduled instant in [first, until)."""
        states = []
        for as_of in range(first, until, self.every_s):
            states.append(await self.cycle(as_of))
            await settle(self.database, clock=ManualClock(as_of + 60))
        return states

    async def state(self) -> GateState:
        async with self.database.read() as connection:
            found = await GateStore(connection).state(self.series)
        assert found is not None
        return found

    async def transitions(self) -> list[GateTransition]:
        """Return them oldest first."""
        async with self.database.read() as connection:
            return (await GateStore(connection).transitions(self.series))[::-1]

    async def served(self) -> str:
        async with self.database.read() as connection:
            found = await newest_served(connection, self.series)
        assert found is not None
        return found.sealed.forecast.model


@pytest.fixture
def desk(database: Database, series: Series, registry: Any, wonky: Any) -> Desk:
    return Desk(database, series, Issuer(registry, Roles(wonky.name, ("wide",), fallback="toy"), n_paths=20))


def told(state: GateState) -> tuple[str, str | None]:
    return state.state, state.served_model


def without(candles: Candles, *closed_at: int) -> Candles:
    kept = ~np.isin(candles.closed_at, closed_at)
    return Candles(*(getattr(candles, name)[kept] for name in ("opened_at", "open", "high", "low", "close", "volume")))


def leaping(candles: Candles, at: int, factor: float) -> Candles:
    """The candles, of which the one that closed at `at` closes elsewhere and the next begins where it should have."""
    close = candles.close.copy()
    close[np.searchsorted(candles.closed_at, at)] *= factor
    return Candles(
        candles.opened_at,
        candles.open,
        np.maximum(candles.high, close),
        np.minimum(candles.low, close),
        close,
        candles.volume,
    )


async def test_a_healthy_champion_is_served_and_nothing_is_written_about_it(desk: Desk, candles: Candles):
    await desk.store(candles.up_to(START))
    assert told(await desk.cycle(START)) == ("open", "wonky")
    assert await desk.served() == "wonky"
    assert await desk.transitions() == []
    async with desk.database.read() as connection:
        cycle = await ForecastStore(connection).cycle(desk.series, START, origin=Origin.LIVE)
        kinds = [event.kind for event in await Feed(connection).events_after(0)]
    assert cycle is not None
    assert (cycle.served_model, kinds) == ("wonky", ["forecast"])


async def test_stale_data_are_withheld_and_the_next_fresh_cycle_is_served(desk: Desk, candles: Candles):
    await desk.store(candles.up_to(START + HOUR))
    assert told(await desk.cycle(START, late_s=601)) == ("withheld", None)
    with pytest.raises(WithheldError, match="withheld since 2025-12-01T00:00:00Z: The newest candle closed 10 minutes before"):
        await desk.served()
    assert told(await desk.cycle(START + HOUR)) == ("open", "wonky")
    assert [(change.previous, change.state) for change in await desk.transitions()] == [
        ("open", "withheld"),
        ("withheld", "open"),
    ]


async def test_a_cycle_that_is_missed_for_want_of_candles_closes_the_gate_until_the_next_one(desk: Desk, candles: Candles):
    await desk.store(candles.up_to(START + HOUR - 1200))
    await desk.cycle(START)
    with pytest.raises(UnavailableError):
        await desk.cycle(START + HOUR)
    missed = await record_missed(
        desk.database, desk.series, schedule=desk.schedule, clock=ManualClock(START + HOUR + 1801), limits=LIMITS
    )
    assert missed == [START + HOUR]
    state = await desk.state()
    assert told(state) == ("withheld", None)
    assert state.reason.startswith("The cycle of 2025-12-01T01:00:00Z was missed. The newest candle closed 50 minutes before")
    await desk.store(candles.up_to(START + 2 * HOUR))
    assert told(await desk.cycle(START + 2 * HOUR)) == ("open", "wonky")


async def test_cycles_missed_before_the_newest_one_leave_the_gate_open(desk: Desk, candles: Candles):
    await desk.store(candles.up_to(START + 3 * HOUR))
    await desk.cycle(START)
    await desk.cycle(START + 3 * HOUR)
    await record_missed(desk.database, desk.series, schedule=desk.schedule, clock=ManualClock(START + 3 * HOUR + 60))
    assert told(await desk.state()) == ("open", "wonky")


async def test_a_spike_is_withheld_for_the_cycle_that_it_would_have_moved(desk: Desk, candles: Candles):
    await desk.store(leaping(candles, START, 1.08).up_to(START + HOUR))
    state = await desk.cycle(START)
    assert told(state) == ("withheld", None)
    assert [measure["name"] for measure in state.measures if measure["verdict"] == "outside"] == ["newest_candle_spike"]
    assert told(await desk.cycle(START + HOUR)) == ("open", "wonky")


@pytest.mark.parametrize(
    ("n_gone", "measure"), [(3, "missing_of_last_12"), (15, "missing_percent_of_last_288")], ids=["of an hour", "of a day"]
)
async def test_gaps_in_recent_candles_are_withheld_until_they_are_filled(desk: Desk, candles: Candles, n_gone: int, measure: str):
    spread = 1 if n_gone == 3 else 18
    gone = [START - 300 * (1 + spread * i) for i in range(n_gone)]
    await desk.store(without(candles, *gone).up_to(START + HOUR))
    state = await desk.cycle(START)
    assert told(state) == ("withheld", None)
    assert [found["name"] for found in state.measures if found["verdict"] == "outside"] == [measure]
    await desk.store(candles.up_to(START + HOUR))
    assert told(await desk.cycle(START + HOUR)) == ("open", "wonky")


@pytest.mark.parametrize(
    "fault",
    [
        {"error": ZeroDivisionError("by zero")},
        {"factor": np.nan},
        {"path_factor": np.inf},
        {"shown": Health(scale_ratio=6.5)},
        {"shown": Health(scale_ratio=0.1)},
        {"shown": Health(tracking=0.4)},
        {"shown": Health(scale_ratio=float("nan"))},
    ],
    ids=["raises", "law", "paths", "shock", "calm", "tracking", "health"],
)
async def test_a_broken_champion_is_replaced_for_as_long_as_it_is_broken(
    desk: Desk, candles: Candles, wonky: Any, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any]
):
    await desk.store(candles.up_to(START + 2 * HOUR))
    assert told(await desk.cycle(START)) == ("open", "wonky")
    with monkeypatch.context() as broken:
        for name, value in fault.items():
            broken.setattr(wonky, name, value)
        assert told(await desk.cycle(START + HOUR)) == ("demoted", "toy")
        assert await desk.served() == "toy"
    async with desk.database.read() as connection:
        sealed = await ForecastStore(connection).at(desk.series, START + HOUR, origin=Origin.LIVE)
        paths = {made.forecast.model: await ForecastStore(connection).paths_of(made.forecast.id) for made in sealed}
    assert {"toy", "wide"} <= set(paths)
    assert paths["toy"] is not None
    assert told(await desk.cycle(START + 2 * HOUR)) == ("open", "wonky")


async def test_where_champion_and_fallback_are_both_shocked_nothing_is_served(
    desk: Desk, candles: Candles, wonky: Any, registry: Any, monkeypatch: pytest.MonkeyPatch
):
    toy = registry.load(registry.newest("toy", desk.series).name)
    monkeypatch.setattr(wonky, "shown", Health(scale_ratio=9))
    monkeypatch.setattr(type(toy), "health", lambda _self: Health(scale_ratio=9))
    monkeypatch.setattr(wonky, "health", lambda self: self.shown)
    await desk.store(candles.up_to(START))
    state = await desk.cycle(START)
    assert told(state) == ("withheld", None)
    assert "The fallback cannot stand in" in state.reason


async def test_without_a_fallback_a_broken_champion_is_withheld(
    desk: Desk, candles: Candles, wonky: Any, monkeypatch: pytest.MonkeyPatch
):
    desk.issuer.roles = Roles("wonky", ("toy",))
    monkeypatch.setattr(wonky, "shown", Health(tracking=1.0))
    await desk.store(candles.up_to(START))
    state = await desk.cycle(START)
    assert told(state) == ("withheld", None)
    assert state.reason.endswith("There is no fallback.")


async def test_a_fallback_without_a_version_does_not_keep_a_healthy_champion_back(desk: Desk, candles: Candles):
    desk.issuer.roles = Roles("wonky", ("toy",), fallback="absent")
    await desk.store(candles.up_to(START))
    assert told(await desk.cycle(START)) == ("open", "wonky")


async def test_a_champion_worse_than_its_fallback_is_demoted_until_its_score_has_come_back(
    desk: Desk, candles: Candles, wonky: Any, monkeypatch: pytest.MonkeyPatch
):
    desk.limits, desk.every_s = QUICK, EVERY_2_HOURS
    await desk.store(candles)
    monkeypatch.setattr(wonky, "factor", 2.5)
    states = await desk.live_through(START, START + 32 * HOUR)
    # Nothing is judged before the first day-ahead forecasts have settled.
    assert {told(state) for state in states[:12]} == {("open", "wonky")}
    assert told(states[-1]) == ("demoted", "toy")
    assert {state.standing for state in states} == {"open", "demoted"}
    monkeypatch.setattr(wonky, "factor", 1.0)
    later = await desk.live_through(START + 32 * HOUR, START + 70 * HOUR)
    assert told(later[6]) == ("demoted", "toy")
    assert told(later[-1]) == ("open", "wonky")
    changes = await desk.transitions()
    assert [(change.previous, change.state) for change in changes] == [("open", "demoted"), ("demoted", "open")]
    assert changes[0].cause is not None
    assert changes[0].cause["name"] == "score_to_fallback"
    async with desk.database.read() as connection:
        entry = (await Ledger(connection, Origin.LIVE).entry(changes[0].ledger_seq)).entry
        events = [event.kind for event in await Feed(connection).events_after(0)]
        sealed = await ForecastStore(connection).at(desk.series, changes[0].as_of, origin=Origin.LIVE)
    assert (entry.kind, entry.body["state"], entry.body["served_model"]) == ("gate", "demoted", "toy")
    assert events.count("gate") == 2
    # Whatever the state, every model goes on.
    assert [made.forecast.model for made in sealed] == ["wonky", "toy", "wide"]


async def test_a_miscalibrated_champion_is_suspended_until_its_coverage_has_held_for_the_whole_span(
    desk: Desk, candles: Candles, wonky: Any, monkeypatch: pytest.MonkeyPatch
):
    desk.limits, desk.every_s = QUICK, EVERY_2_HOURS
    desk.issuer.roles = Roles("wonky", ("toy",))
    await desk.store(candles)
    monkeypatch.setattr(wonky, "factor", 0.05)
    states = await desk.live_through(START, START + 16 * HOUR)
    assert told(states[0]) == ("open", "wonky")
    assert told(states[-1]) == ("suspended", None)
    with pytest.raises(WithheldError, match="90 % interval of wonky"):
        await desk.served()
    monkeypatch.setattr(wonky, "factor", 1.0)
    later = await desk.live_through(START + 16 * HOUR, START + 48 * HOUR)
    assert told(later[-1]) == ("open", "wonky")
    held_from = next(state.as_of for state in later if not [found for found in state.measures if found["verdict"] == "outside"])
    opened_at = next(state.as_of for state in later if state.state == "open")
    assert opened_at >= held_from + QUICK.recovery_s
    assert [change.state for change in await desk.transitions()] == ["suspended", "open"]


async def test_a_new_champion_is_judged_by_its_own_record(
    desk: Desk, candles: Candles, wonky: Any, monkeypatch: pytest.MonkeyPatch
):
    desk.limits, desk.every_s = QUICK, EVERY_2_HOURS
    desk.issuer.roles = Roles("wonky", ("toy",))
    await desk.store(candles)
    monkeypatch.setattr(wonky, "factor", 0.05)
    assert told((await desk.live_through(START, START + 16 * HOUR))[-1]) == ("suspended", None)
    desk.issuer.roles = Roles("toy", challengers=("wonky",))
    assert told(await desk.cycle(START + 16 * HOUR)) == ("open", "toy")


async def test_too_few_forecasts_are_not_judged_and_that_is_said(desk: Desk, candles: Candles):
    await desk.store(candles.up_to(START))
    state = await desk.cycle(START)
    statistics = [found for found in state.measures if found["group"] in ("scores", "coverage")]
    assert {found["verdict"] for found in statistics} == {"not_judged"}
    assert "too few forecasts are settled" in state.reason


async def test_a_cycle_sealed_after_a_newer_one_does_not_turn_the_gate_back(
    desk: Desk, candles: Candles, wonky: Any, monkeypatch: pytest.MonkeyPatch
):
    await desk.store(candles.up_to(START + 300))
    await desk.cycle(START + 300)
    monkeypatch.setattr(wonky, "shown", Health(tracking=1.0))
    assert told(await desk.cycle(START, late_s=400)) == ("open", "wonky")
    assert (await desk.state()).as_of == START + 300
