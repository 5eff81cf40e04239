"""Replay: a record from history, made by the same code as the live one, in a ledger of its own.

A replay walks forward: every forecast comes from model versions fitted to candles that had closed by then, and those versions are
saved and signed like any other, so that every replayed forecast can be computed again.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from btcforecast.core import BASE, HORIZONS, NO_EVENTS, Candles, Clock, ManualClock, Origin, Series, to_rfc3339
from btcforecast.core.errors import InputError, NotFoundError
from btcforecast.engine.models.catalogue import load_model
from btcforecast.forecasts.calendar import known_calendar
from btcforecast.forecasts.fit import fit_models
from btcforecast.forecasts.issue import Issued, Issuer, Version
from btcforecast.forecasts.questions.fixed import asks_touch
from btcforecast.forecasts.registry import ModelRegistry
from btcforecast.forecasts.roles import Roles
from btcforecast.forecasts.seal import Schedule, parquets_of, record_missed_in, seal_in
from btcforecast.forecasts.settle import SettleReport, correct, settle_some
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.forecasts import ForecastStore

_DAY_S: Final = 86400
_WITH_PATHS: Final = 3
"""How many of the newest replayed cycles keep their paths ready; older ones can be computed again."""
NO_CANDLE: Final = "The candle that closes at this instant is missing from the history."
log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What to replay: scheduled instants in [since, until). train_since: the oldest candle that a fit may see, None for all."""

    series: Series
    since: int
    until: int
    every_s: int = 3600
    refit_every_s: int = 30 * _DAY_S
    train_since: int | None = None

    def __post_init__(self) -> None:
        if self.since >= self.until:
            raise InputError(f"A replay ends after it begins; {to_rfc3339(self.until)} is not after {to_rfc3339(self.since)}.")
        if self.every_s % 300 or self.refit_every_s <= 0:
            raise InputError("A replay issues every so many five-minute candles and refits after a positive span.")
        if self.train_since is not None and self.train_since >= self.since:
            raise InputError(
                f"Fits see candles from {to_rfc3339(self.train_since)} on, so none before the replay begins at "
                f"{to_rfc3339(self.since)}; let them see older ones.",
            )

    def instants(self) -> range:
        """Return the scheduled instants, oldest first."""
        return range(math.ceil(self.since / self.every_s) * self.every_s, self.until, self.every_s)

    def trained_by(self, as_of: int) -> int:
        """Return the instant of the refit that is in force at `as_of`."""
        return self.since + (as_of - self.since) // self.refit_every_s * self.refit_every_s


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay did. n_known: cycles that were on record already, as after a replay that was cut off."""

    n_issued: int
    n_missed: int
    n_known: int
    n_fitted: int
    settled: SettleReport


async def replay(
    database: Database,
    registry: ModelRegistry,
    roles: Roles,
    plan: ReplayPlan,
    *,
    clock: Clock,
    on_progress: Callable[[int, int], None] | None = None,
) -> ReplayReport:
    """Issue, seal and settle every scheduled instant of the plan in the replayed ledger, one transaction a day.

    clock: the real one; it tells when each forecast was really computed. on_progress: told cycles done and cycles in all. Can be
    cut off at any moment and run again: what is on record stays, the rest follows.
    """
    run = _Replay(database, registry, Issuer(registry, roles), plan, clock)
    await run.prepare()
    return await run.walk(on_progress or _silent)


def _silent(_done: int, _total: int) -> None:
    """Report nothing."""


class _Replay:
    def __init__(self, database: Database, registry: ModelRegistry, issuer: Issuer, plan: ReplayPlan, clock: Clock) -> None:
        self._database = database
        self._registry = registry
        self._issuer = issuer
        self._plan = plan
        self._clock = clock
        self._known_at = clock.now()
        self._candles = Candles.empty()
        self._calendar = NO_EVENTS
        self._instants: list[int] = []
        self._lenders: dict[int, tuple[str, ...]] = {}
        self._chosen: tuple[int, Mapping[str, Version]] | None = None
        self._n_fitted = 0

    async def prepare(self) -> None:
        """Read the history that fits and forecasts need; raises InputError for a model that nobody knows."""
        plan = self._plan
        for name in self._issuer.roles.models:
            await asyncio.to_thread(load_model, name)
        async with self._database.read() as connection:
            store = CandleStore(connection)
            extent = await store.extent(plan.series)
            if extent is not None and extent.first_opened_at + BASE.seconds > plan.since:
                raise NotFoundError(
                    f"The history of {plan.series} begins at {to_rfc3339(extent.first_opened_at)}, so nothing is known at "
                    f"{to_rfc3339(plan.since)}; replay from a later instant, or import older candles.",
                )
            self._candles = await store.read(
                plan.series, opened_from=plan.train_since, opened_before=plan.until, known_at=self._known_at
            )
        self._calendar = await known_calendar(self._database, known_at=self._known_at)
        reached = [as_of for as_of in plan.instants() if len(self._candles) and as_of <= self._candles.as_of]
        if not reached:
            raise NotFoundError(
                f"The history of {plan.series} does not reach {to_rfc3339(plan.since)}; import or ingest candles up to there.",
            )
        # What lies beyond the newest candle was not missed; it has not come yet.
        self._instants = reached

    async def walk(self, on_progress: Callable[[int, int], None]) -> ReplayReport:
        """Go through the days, then settle what fell due after the last one."""
        instants = self._instants
        days = [[t for t in instants if t // _DAY_S == day] for day in range(instants[0] // _DAY_S, instants[-1] // _DAY_S + 1)]
        n_issued = n_missed = n_known = 0
        settled = SettleReport()
        for day in days:
            todo = await self._not_on_record(day)
            issued = await self._issue(todo)
            n_new, report = await self._seal(issued, todo)
            n_issued += n_new
            n_missed += len(todo) - len(issued)
            n_known += len(day) - len(todo)
            settled += report
            on_progress(n_issued + n_missed + n_known, len(instants))
        return ReplayReport(n_issued, n_missed, n_known, self._n_fitted, settled + await self._settle_rest())

    async def _not_on_record(self, day: Sequence[int]) -> list[int]:
        if not day:
            return []
        async with self._database.read() as connection:
            cycles = await ForecastStore(connection).cycles(
                self._plan.series, origin=Origin.REPLAYED, since=day[0], before=day[-1] + 1
            )
        known = {cycle.as_of for cycle in cycles}
        return [as_of for as_of in day if as_of not in known]

    async def _issue(self, instants: Sequence[int]) -> list[Issued]:
        issued: list[Issued] = []
        newest = self._instants[-_WITH_PATHS:]
        for as_of in instants:
            if self._candles.close_at(as_of) is None:
                continue
            chosen = await self._versions_at(as_of)
            lenders = await self._borrowed_before(as_of)
            found = await asyncio.to_thread(
                self._issuer.compute,
                chosen,
                self._candles,
                series=self._plan.series,
                as_of=as_of,
                origin=Origin.REPLAYED,
                known_at=self._known_at,
                calendar=self._calendar,
                borrowed_from=lenders,
                with_paths=as_of in newest or asks_touch(as_of),
            )
            issued.append(found)
        return issued

    async def _versions_at(self, as_of: int) -> Mapping[str, Version]:
        trained_by = self._plan.trained_by(as_of)
        if self._chosen is None or self._chosen[0] != trained_by:
            await self._refit(trained_by)
            self._chosen = (trained_by, await asyncio.to_thread(self._issuer.chosen, self._plan.series, as_of=trained_by))
        return self._chosen[1]

    async def _refit(self, trained_by: int) -> None:
        stale = await asyncio.to_thread(self._without_version, trained_by)
        if not stale:
            return
        plan = self._plan
        fitted = await fit_models(
            self._database,
            self._registry,
            plan.series,
            stale,
            until=trained_by,
            now=self._clock.now(),
            since=plan.train_since,
            with_scores=False,
        )
        self._n_fitted += len(fitted)

    def _without_version(self, trained_by: int) -> list[str]:
        """Return the models that have no version young enough; one that a cut-off replay fitted is found again here."""
        history = self._candles.up_to(trained_by)
        # A history that ends in a gap gives a version older than the instant of its fit, and no newer one can exist.
        oldest = trained_by - self._plan.refit_every_s
        youngest_possible = history.as_of if len(history) else trained_by
        found = {
            name: self._registry.newest(name, self._plan.series, trained_by=trained_by) for name in self._issuer.roles.models
        }
        return [
            name
            for name, version in found.items()
            if version is None or version.trained_until <= min(oldest, youngest_possible - 1)
        ]

    async def _borrowed_before(self, as_of: int) -> tuple[str, ...]:
        day = as_of - as_of % _DAY_S
        if day not in self._lenders:
            async with self._database.read() as connection:
                lenders = await CandleStore(connection).borrowed(
                    self._plan.series, opened_from=day - _DAY_S, opened_before=day + _DAY_S
                )
            self._lenders = {day: tuple(sorted({lender.venue for lender in lenders}))}
        return self._lenders[day]

    async def _seal(self, issued: Sequence[Issued], instants: Sequence[int]) -> tuple[int, SettleReport]:
        if not instants:
            return 0, SettleReport()
        schedule = Schedule(every_s=self._plan.every_s, grace_s=300)
        newest = self._instants[-_WITH_PATHS:]
        parquets = {found.as_of: await asyncio.to_thread(parquets_of, found) for found in issued if found.as_of in newest}
        missing = sorted(set(instants) - {found.as_of for found in issued})
        n_new = 0
        clock = ManualClock(instants[0])
        async with self._database.transaction() as connection:
            for found in issued:
                clock.at = found.as_of
                sealed = await seal_in(connection, found, schedule=schedule, clock=clock, parquets=parquets.get(found.as_of))
                n_new += sealed is not None
            clock.at = instants[-1]
            await record_missed_in(
                connection,
                self._plan.series,
                missing,
                origin=Origin.REPLAYED,
                at=clock.at,
                reasons=dict.fromkeys(missing, NO_CANDLE),
            )
            report, _ = await settle_some(connection, clock=clock, origin=Origin.REPLAYED, n_groups=len(HORIZONS) * _DAY_S // 300)
        return n_new, report

    async def _settle_rest(self) -> SettleReport:
        """Settle what fell due after the last cycle, as far as the history reaches."""
        async with self._database.read() as connection:
            newest = await CandleStore(connection).newest(self._plan.series)
        clock = ManualClock((newest or 0) + 300)
        total, after = SettleReport(), (0, 0)
        while True:
            async with self._database.transaction() as connection:
                report, seen = await settle_some(connection, clock=clock, origin=Origin.REPLAYED, after=after)
            if not seen:
                break
            total += report
            after = (seen[-1].target_at, seen[-1].horizon.seconds)
        async with self._database.transaction() as connection:
            return total + await correct(connection, clock=clock, origin=Origin.REPLAYED)
