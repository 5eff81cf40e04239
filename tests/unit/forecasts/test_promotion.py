"""Promotion by the rule, by force, and back; on the store as a worker leaves it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from btcforecast.core import LEVELS, Candles, Distribution, Forecast, Horizon, ManualClock, Origin, Series
from btcforecast.core.distribution import logit
from btcforecast.core.errors import ConflictError, InputError
from btcforecast.engine.calibration.gate import H1, H4, H24
from btcforecast.engine.calibration.promotion import PromotionLimits
from btcforecast.forecasts.issue import Issued
from btcforecast.forecasts.ledger import Ledger
from btcforecast.forecasts.promotion import Forced, compared, promote, promote_best, roll_back
from btcforecast.forecasts.reigns import reigning_roles
from btcforecast.forecasts.roles import Roles
from btcforecast.forecasts.seal import Schedule, seal
from btcforecast.forecasts.settle import settle
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.feed import Feed
from btcforecast.store.gate import GateStore

START, HOUR, DAY = 1_764_547_200, 3600, 86400
N_DAYS, EVERY_S = 14, 6 * HOUR
NOW = START + N_DAYS * DAY
LIMITS = PromotionLimits(window_s=12 * DAY, min_share=0.15)
ROLES = Roles("old", ("plain",), fallback="spare", challengers=("new", "odd"))
STEP = 0.001
WIDTHS = {"old": 2.5, "spare": 1.2, "new": 1.0, "odd": 0.3, "plain": 2.0}
"""How many times too wide each model's law is."""


def walk() -> Candles:
    n = 288 * (N_DAYS + 8)
    close = 90_000 * np.exp(np.cumsum(np.random.default_rng(5).normal(0, STEP, n)))
    opened = np.r_[90_000.0, close[:-1]]
    opened_at = START - 8 * DAY + 300 * np.arange(n)
    return Candles(opened_at, opened, np.maximum(opened, close), np.minimum(opened, close), close, np.ones(n))


def law(horizon: Horizon, width: float) -> Distribution:
    return Distribution(width * STEP * np.sqrt(horizon.n_steps) * np.sqrt(3) / np.pi * logit(LEVELS))


def cycle(series: Series, history: Candles, as_of: int, widths: Mapping[str, float]) -> Issued:
    spot = history.close_at(as_of)
    assert spot is not None
    made = tuple(
        (
            Forecast(
                series=series,
                model=model,
                model_version=f"{model}@1",
                as_of=as_of,
                spot=spot,
                distributions={horizon: law(horizon, width) for horizon in (H1, H4, H24)},
                seed=1,
                data_digest="",
            ),
            ROLES.of(model),
        )
        for model, width in widths.items()
    )
    return Issued(series, as_of, Origin.LIVE, as_of, made, (), None, roles=ROLES)


@pytest.fixture
async def record(database: Database, series: Series) -> Database:
    """Two weeks of sealed and settled forecasts by five models."""
    history, schedule = walk(), Schedule(every_s=EVERY_S, grace_s=600)
    async with database.transaction() as connection:
        await CandleStore(connection).write(series, history, recorded_at=START)
    for as_of in range(START, NOW, EVERY_S):
        await seal(database, cycle(series, history, as_of, WIDTHS), schedule=schedule, clock=ManualClock(as_of + 5))
    await settle(database, clock=ManualClock(NOW))
    return database


async def champion(database: Database, series: Series, *, at: int | None = None) -> str:
    async with database.read() as connection:
        return (await reigning_roles(connection, series, ROLES, at=at)).champion


async def test_a_challenger_that_meets_the_rule_is_promoted_with_its_figures(record: Database, series: Series):
    found = {one.challenger: one for one in await compared(record, series, ROLES, clock=ManualClock(NOW), limits=LIMITS)}
    assert {name: one.is_met for name, one in found.items()} == {"new": True, "odd": False}
    reign, comparison = await promote(record, series, ROLES, "new", clock=ManualClock(NOW), limits=LIMITS)
    assert comparison.skill is not None
    assert comparison.skill.low > 0
    assert (reign.champion, reign.previous, reign.is_forced) == ("new", "old", False)
    assert await champion(record, series) == "new"
    assert await champion(record, series, at=NOW - 1) == "old"
    async with record.read() as connection:
        entry = (await Ledger(connection, Origin.LIVE).entry(reign.ledger_seq)).entry
        events = [event.kind for event in await Feed(connection).events_after(0, limit=5000)]
        roles = await reigning_roles(connection, series, ROLES)
    assert (entry.kind, entry.body["champion"], entry.body["figures"]["rule_met"]) == ("reign", "new", True)
    assert events[-1] == "reign"
    # The one that was goes on beside the others.
    assert roles.models == ("new", "spare", "old", "odd", "plain")


async def test_one_that_does_not_meet_the_rule_is_refused_with_the_figures_unless_forced(record: Database, series: Series):
    with pytest.raises(ConflictError, match=r"odd does not meet the rule against old.*90 % at 1h") as refused:
        await promote(record, series, ROLES, "odd", clock=ManualClock(NOW), limits=LIMITS)
    assert "allowed" in str(refused.value)
    assert await champion(record, series) == "old"
    with pytest.raises(InputError, match="needs a reason"):
        Forced(" ")
    reign, _ = await promote(record, series, ROLES, "odd", clock=ManualClock(NOW), limits=LIMITS, forced=Forced("A test."))
    assert (reign.is_forced, reign.reason) == (True, "A test.")


@pytest.mark.parametrize(("name", "error"), [("old", ConflictError), ("plain", InputError), ("nobody", InputError)])
async def test_only_challengers_can_be_promoted(database: Database, series: Series, name: str, error: type[Exception]):
    with pytest.raises(error):
        await promote(database, series, ROLES, name, clock=ManualClock(NOW), limits=LIMITS)


async def test_too_few_settled_forecasts_promote_nobody(record: Database, series: Series):
    with pytest.raises(ConflictError, match="that are needed"):
        await promote(record, series, ROLES, "new", clock=ManualClock(NOW), limits=PromotionLimits(window_s=30 * DAY))


async def test_rollbacks_undo_promotions_one_by_one(database: Database, series: Series):
    async def forced(name: str, at: int) -> None:
        await promote(database, series, ROLES, name, clock=ManualClock(at), limits=LIMITS, forced=Forced("A test."))

    with pytest.raises(ConflictError, match="Nothing has been promoted"):
        await roll_back(database, series, ROLES, clock=ManualClock(NOW), reason="")
    await forced("new", NOW)
    await forced("odd", NOW + 1)
    seen = [await champion(database, series)]
    for i in (2, 3):
        await roll_back(database, series, ROLES, clock=ManualClock(NOW + i), reason="Worse.")
        seen.append(await champion(database, series))
    assert seen == ["odd", "new", "old"]
    with pytest.raises(ConflictError):
        await roll_back(database, series, ROLES, clock=ManualClock(NOW + 4), reason="")
    async with database.read() as connection:
        reigns = await GateStore(connection).reigns(series)
    assert [reign.kind for reign in reigns] == ["rollback", "rollback", "promotion", "promotion"]


async def test_on_schedule_the_best_is_promoted_once_and_then_left_for_a_window(record: Database, series: Series):
    reign = await promote_best(record, series, ROLES, clock=ManualClock(NOW), limits=LIMITS)
    assert reign is not None
    assert reign.champion == "new"
    assert await promote_best(record, series, ROLES, clock=ManualClock(NOW + DAY), limits=LIMITS) is None
