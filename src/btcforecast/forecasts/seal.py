"""Seal: put a cycle on record before its first outcome, or put on record that it was missed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import Clock, Origin, Series, to_rfc3339
from btcforecast.core.errors import InputError, LedgerSealedTooLateError
from btcforecast.engine.calibration.gate import GateLimits
from btcforecast.forecasts.gate import STUDIED, Passage, pass_gate, withhold_missed
from btcforecast.forecasts.issue import Issued
from btcforecast.forecasts.ledger import Ledger
from btcforecast.forecasts.questions.seal import ask
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.feed import Feed
from btcforecast.store.forecasts import (
    Cycle,
    CycleStatus,
    ForecastStore,
    SimulatedPaths,
    forecast_body,
    missed_body,
    series_fields,
)
from btcforecast.store.gate import GateStore
from btcforecast.store.ledger import LedgerStore
from btcforecast.telemetry import metrics

NOT_SEALED: Final = "No forecast was sealed in time: the service was not running, or the candle of this instant had not arrived."
_MISSED_AT_ONCE: Final = 200
log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Schedule:
    """When cycles are due. every_s: the grid. grace_s: how long after its instant a cycle may still be sealed."""

    every_s: int
    grace_s: int

    def __post_init__(self) -> None:
        if self.every_s % 300 or self.grace_s <= 0:
            raise InputError("Forecasts are issued every so many five-minute candles, and sealed within a positive grace.")

    def has(self, as_of: int) -> bool:
        """Say whether a cycle is due at that instant."""
        return as_of % self.every_s == 0

    def newest_by(self, at: int) -> int:
        """Return the last scheduled instant at or before `at`."""
        return at - at % self.every_s


async def seal(
    database: Database,
    issued: Issued,
    *,
    schedule: Schedule,
    clock: Clock,
    paths_kept_s: int | None = None,
    limits: GateLimits = STUDIED,
) -> bool:
    """Seal the cycle in one transaction and say whether this call did it; False when it is on record already.

    A live cycle passes the publish gate in the same transaction. paths_kept_s: forget paths older than that. limits: the gate's.
    Raises LedgerSealedTooLateError once the grace or the first target has passed.
    """
    parquets = await asyncio.to_thread(parquets_of, issued)
    async with database.transaction() as connection:
        sealed = await seal_in(connection, issued, schedule=schedule, clock=clock, parquets=parquets, limits=limits)
        if sealed is not None and paths_kept_s is not None:
            await ForecastStore(connection).drop_paths(origin=issued.origin, as_of_before=issued.as_of - paths_kept_s)
    if sealed is not None:
        for forecast, _ in issued.forecasts:
            metrics.forecasts_sealed.labels(issued.origin, forecast.model).inc()
        if sealed.passage is not None:
            sealed.passage.tell(issued.series)
    log.info(
        "forecast.already_sealed" if sealed is None else "forecast.sealed",
        series=str(issued.series),
        as_of=to_rfc3339(issued.as_of),
        origin=str(issued.origin),
        n_models=len(issued.forecasts),
    )
    return sealed is not None


@dataclass(frozen=True, slots=True)
class Sealed:
    """A cycle that this call put on record. passage: what the gate made of it, None for a replayed one."""

    passage: Passage | None


def parquets_of(issued: Issued) -> dict[str, bytes]:
    """Return the cycle's simulated paths as Parquet files, by forecast."""
    return {paths.forecast.id: paths.parquet() for paths in (issued.paths, issued.spare_paths) if paths is not None}


async def seal_in(
    connection: AsyncConnection,
    issued: Issued,
    *,
    schedule: Schedule,
    clock: Clock,
    parquets: Mapping[str, bytes] | None = None,
    limits: GateLimits = STUDIED,
) -> Sealed | None:
    """Seal the cycle inside the caller's transaction; None when it is on record already. Otherwise as `seal`."""
    # Everybody who writes to a ledger takes its lock first, so waiting happens here, before the clock is read.
    await LedgerStore(connection, str(issued.origin)).lock()
    at = clock.now()
    series_id = await CandleStore(connection).series_id(issued.series)
    store = ForecastStore(connection)
    is_scheduled = schedule.has(issued.as_of)
    # A replayed cycle's clock shows the past; when it was really computed is the instant at which the store was read.
    recorded_at = max(at, issued.known_at)
    cycle = Cycle(issued.origin, issued.series, issued.as_of, CycleStatus.ISSUED, is_scheduled, recorded_at)
    if not await store.claim_cycle(cycle, series_id=series_id):
        return None
    _check_in_time(issued, at=at, grace_s=schedule.grace_s)
    bodies = [
        forecast_body(
            forecast,
            role=role,
            is_scheduled=is_scheduled,
            known_at=issued.known_at,
            sealed_at=at,
            borrowed_from=issued.borrowed_from,
        )
        for forecast, role in issued.forecasts
    ]
    asked = await asyncio.to_thread(ask, issued) if is_scheduled else None
    entries = [*(("forecast", body) for body in bodies), *([] if asked is None else [("questions", asked.body())])]
    appended = await Ledger(connection, issued.origin).append_many(entries, at=at)
    sealed = [(forecast, role, entry.seq) for (forecast, role), entry in zip(issued.forecasts, appended, strict=False)]
    await store.add_forecasts(sealed, series_id=series_id, sealed_at=at)
    if asked is not None:
        await asked.record(connection, series_id=series_id, ledger_seq=appended[-1].seq)
    passage, served = None, issued.champion.model
    if issued.origin is Origin.LIVE:
        passage = await pass_gate(connection, issued, series_id=series_id, at=at, limits=limits)
        served = passage.state.served_model or served
        event = _event(issued, served_model=passage.state.served_model, is_scheduled=is_scheduled, at=at)
        await Feed(connection).append_event("forecast", event, at=at)
    else:
        # A replayed cycle is not gated: it shows what the champion would have said.
        await GateStore(connection).set_served(series_id, issued.as_of, origin=issued.origin, model=served)
    for paths in (issued.paths, issued.spare_paths):
        if paths is not None and paths.forecast.model == served and parquets:
            kept = SimulatedPaths(paths.forecast.id, paths.returns, parquets[paths.forecast.id], recorded_at)
            await store.add_paths(kept)
    return Sealed(passage)


async def record_missed(
    database: Database,
    series: Series,
    *,
    schedule: Schedule,
    clock: Clock,
    origin: Origin = Origin.LIVE,
    until: int | None = None,
    reasons: Mapping[int, str] | None = None,
    limits: GateLimits = STUDIED,
) -> list[int]:
    """Put every scheduled instant whose grace has passed without a cycle on record as missed, and return them.

    When the newest live one is among them, the gate closes. The schedule starts with the series' first scheduled cycle. until: look at
    instants before it only. reasons: why, by instant. limits: the gate's.
    """
    now = clock.now()
    before = min(until if until is not None else now, now - schedule.grace_s)
    missed: list[int] = []
    async with database.read() as connection:
        store = ForecastStore(connection)
        first = await store.first_scheduled(series, origin=origin)
        if first is None:
            return []
        known = {cycle.as_of for cycle in await store.cycles(series, origin=origin, since=first, before=before)}
    candidates = [as_of for as_of in range(first, before, schedule.every_s) if schedule.has(as_of) and as_of not in known]
    for start in range(0, len(candidates), _MISSED_AT_ONCE):
        some = candidates[start : start + _MISSED_AT_ONCE]
        passage: Passage | None = None
        async with database.transaction() as connection:
            mine = await record_missed_in(connection, series, some, origin=origin, at=now, reasons=reasons or {})
            if mine and origin is Origin.LIVE:
                why = (reasons or {}).get(mine[-1], NOT_SEALED)
                passage = await withhold_missed(connection, series, mine, reason=why, at=now, limits=limits)
        missed += mine
        if passage is not None:
            passage.tell(series)
    metrics.cycles_missed.labels(origin).inc(len(missed))
    if missed:
        log.warning("forecast.cycles_missed", series=str(series), n=len(missed), first=to_rfc3339(missed[0]))
    return missed


async def record_missed_in(
    connection: AsyncConnection, series: Series, instants: Sequence[int], *, origin: Origin, at: int, reasons: Mapping[int, str]
) -> list[int]:
    """Put these instants on record as missed inside the caller's transaction, but for those on record already."""
    await LedgerStore(connection, str(origin)).lock()
    series_id = await CandleStore(connection).series_id(series)
    store = ForecastStore(connection)
    cycles = [
        Cycle(origin, series, as_of, CycleStatus.MISSED, is_scheduled=True, recorded_at=at, reason=reasons.get(as_of, NOT_SEALED))
        for as_of in instants
    ]
    mine = [cycle for cycle in cycles if await store.claim_cycle(cycle, series_id=series_id)]
    bodies = [missed_body(series, cycle.as_of, reason=cycle.reason or NOT_SEALED) for cycle in mine]
    appended = await Ledger(connection, origin).append_many([("missed_cycle", body) for body in bodies], at=at)
    for cycle, body, entry in zip(mine, bodies, appended, strict=True):
        await store.set_cycle_entry(cycle, series_id=series_id, ledger_seq=entry.seq)
        if origin is Origin.LIVE:
            await Feed(connection).append_event("missed_cycle", body, at=at)
    return [cycle.as_of for cycle in mine]


def _check_in_time(issued: Issued, *, at: int, grace_s: int) -> None:
    latest = min(issued.as_of + grace_s, *(forecast.first_target - 1 for forecast, _ in issued.forecasts))
    if not issued.as_of <= at <= latest:
        raise LedgerSealedTooLateError(
            f"The forecast at {to_rfc3339(issued.as_of)} could be sealed until {to_rfc3339(latest)}; it is {to_rfc3339(at)}.",
        )


def _event(issued: Issued, *, served_model: str | None, is_scheduled: bool, at: int) -> dict[str, Any]:
    served = next((forecast.id for forecast, _ in issued.forecasts if forecast.model == served_model), None)
    return {
        **series_fields(issued.series),
        "forecast": served,
        "served_model": served_model,
        "as_of": to_rfc3339(issued.as_of),
        "sealed_at": to_rfc3339(at),
        "scheduled": is_scheduled,
        "models": [forecast.model for forecast, _ in issued.forecasts],
        "spot": issued.champion.spot,
    }
