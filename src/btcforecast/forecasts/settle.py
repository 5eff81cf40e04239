"""Settle: score every model against the outcome once the target's candle has closed, and correct what a venue later revised."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import Clock, Distribution, Horizon, Origin, Score, to_rfc3339
from btcforecast.engine.scoring import Scores, score_many
from btcforecast.forecasts.ledger import Ledger
from btcforecast.forecasts.questions.settle import answer_again, answer_due
from btcforecast.store.database import Database
from btcforecast.store.feed import Feed
from btcforecast.store.forecasts import DueTarget, ForecastStore, Outcome, Result, settlement_body
from btcforecast.store.ledger import LedgerStore
from btcforecast.telemetry import metrics

BORROWED_SETTLES_AFTER_S: Final = 86400
"""A candle lent by another venue settles a target only when the own venue has had a day to deliver its own."""
VOID_AFTER_S: Final = 7 * 86400
"""A target whose candle is still missing after a week is void."""
_REVISED_WITHIN_S: Final = 90 * 86400
_GROUPS_AT_ONCE: Final = 200
log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SettleReport:
    """What one run of settling did, counted in targets; n_waiting: due, but their candle has not arrived."""

    n_settled: int = 0
    n_void: int = 0
    n_corrected: int = 0
    n_waiting: int = 0

    def __add__(self, other: SettleReport) -> SettleReport:
        return SettleReport(
            self.n_settled + other.n_settled,
            self.n_void + other.n_void,
            self.n_corrected + other.n_corrected,
            self.n_waiting + other.n_waiting,
        )


async def settle(
    database: Database, *, clock: Clock, origin: Origin = Origin.LIVE, on_progress: Callable[[int], None] | None = None
) -> SettleReport:
    """Settle all targets whose candle is there, void those whose candle will never be, and correct what changed since.

    Each batch is one transaction, so a crash loses nothing and doubles nothing. on_progress: told how many targets a batch had.
    """
    total = SettleReport()
    after = (0, 0)
    while True:
        async with database.transaction() as connection:
            report, seen = await settle_some(connection, clock=clock, origin=origin, after=after)
        if not seen:
            break
        after = (seen[-1].target_at, seen[-1].horizon.seconds)
        total += report
        if on_progress is not None:
            on_progress(len(seen))
    async with database.transaction() as connection:
        total += await correct(connection, clock=clock, origin=origin)
    for outcome, n in (("settled", total.n_settled), ("void", total.n_void), ("corrected", total.n_corrected)):
        metrics.targets_settled.labels(origin, outcome).inc(n)
    if total != SettleReport():
        log.info(
            "forecast.settled", origin=str(origin), n_settled=total.n_settled, n_void=total.n_void, n_corrected=total.n_corrected
        )
    return total


async def settle_some(
    connection: AsyncConnection, *, clock: Clock, origin: Origin, after: tuple[int, int] = (0, 0), n_groups: int = _GROUPS_AT_ONCE
) -> tuple[SettleReport, list[DueTarget]]:
    """Settle the next due targets inside the caller's transaction; return what was done and which targets were looked at."""
    # Two workers settle in turn: the second finds nothing left to do.
    await LedgerStore(connection, str(origin)).lock()
    at = clock.now()
    store = ForecastStore(connection)
    due = await store.due(origin=origin, at=at, after=after, n_groups=n_groups)
    outcomes = await _outcomes(store, due)
    # To a replayed record the present is where its history ends: what lies beyond was not missed, it is not there yet.
    reached = await store.reached(due) if origin is Origin.REPLAYED else {}
    ready: list[DueTarget] = []
    n_waiting = 0
    for target in due:
        outcome = outcomes.get((target.series_id, target.target_at))
        if _is_final(outcome, target.target_at, at=min(at, reached.get(target.series_id, at))):
            ready.append(target)
        else:
            n_waiting += 1
    results = await _record(connection, ready, outcomes, origin=origin, at=at, kind="settlement")
    n_void = sum(result.void_reason is not None for result in results)
    await answer_due(connection, origin=origin, at=at)
    return SettleReport(n_settled=len(results) - n_void, n_void=n_void, n_waiting=n_waiting), due


async def correct(connection: AsyncConnection, *, clock: Clock, origin: Origin) -> SettleReport:
    """Append a correction for every settled target whose candle was revised, or void one whose candle turned up."""
    await LedgerStore(connection, str(origin)).lock()
    at = clock.now()
    store = ForecastStore(connection)
    overtaken = await store.overtaken(origin=origin, revised_since=at - _REVISED_WITHIN_S)
    outcomes = await _outcomes(store, overtaken)
    results = await _record(connection, overtaken, outcomes, origin=origin, at=at, kind="correction")
    await answer_again(connection, origin=origin, at=at)
    return SettleReport(n_corrected=len(results))


def _is_final(outcome: Outcome | None, target_at: int, *, at: int) -> bool:
    if outcome is None:
        return at >= target_at + VOID_AFTER_S
    return outcome.borrowed_from is None or at >= target_at + BORROWED_SETTLES_AFTER_S


async def _outcomes(store: ForecastStore, due: Sequence[DueTarget]) -> dict[tuple[int, int], Outcome]:
    found: dict[tuple[int, int], Outcome] = {}
    for series_id in {target.series_id for target in due}:
        instants = sorted({target.target_at for target in due if target.series_id == series_id})
        for target_at, outcome in (await store.outcomes(series_id, instants)).items():
            found[series_id, target_at] = outcome
    return found


async def _record(
    connection: AsyncConnection,
    due: Sequence[DueTarget],
    outcomes: dict[tuple[int, int], Outcome],
    *,
    origin: Origin,
    at: int,
    kind: str,
) -> list[Result]:
    if not due:
        return []
    store = ForecastStore(connection)
    laws = await store.laws(due, origin=origin)
    results = await asyncio.to_thread(_score_all, due, outcomes, laws)
    groups = list(_by_cycle_and_horizon(zip(due, results, strict=True)))
    bodies = [settlement_body([target for target, _ in group], [result for _, result in group]) for group in groups]
    appended = await Ledger(connection, origin).append_many([(kind, body) for body in bodies], at=at)
    numbered = [(result, entry.seq) for group, entry in zip(groups, appended, strict=True) for _, result in group]
    await store.settle(numbered, at=at)
    if origin is Origin.LIVE:
        for body, entry in zip(bodies, appended, strict=True):
            await Feed(connection).append_event(
                "settlement", {**body, "entry": entry.seq, "corrects": body.get("corrects", [])}, at=at
            )
    return results


def _score_all(
    due: Sequence[DueTarget], outcomes: dict[tuple[int, int], Outcome], laws: dict[tuple[str, Horizon], Distribution]
) -> list[Result]:
    found = [outcomes.get((target.series_id, target.target_at)) for target in due]
    # A void target goes along with a return of zero, whose scores nobody reads.
    log_returns = [
        0.0 if outcome is None else math.log(outcome.close / target.spot) for target, outcome in zip(due, found, strict=True)
    ]
    quantiles = np.array([laws[target.forecast_id, target.horizon].quantiles for target in due])
    scores = score_many(quantiles, np.array(log_returns))
    return [_result(*row, scores=scores, place=place) for place, row in enumerate(zip(due, found, log_returns, strict=True))]


def _result(target: DueTarget, outcome: Outcome | None, log_return: float, *, scores: Scores, place: int) -> Result:
    if outcome is None:
        reason = f"{target.series} has no candle that closed at {to_rfc3339(target.target_at)}, and none came within a week."
        return Result(target.forecast_id, target.horizon, None, None, None, reason)
    score = Score(
        crps_bps=float(scores.crps_bps[place]),
        log_score=float(scores.log_score[place]),
        pit=float(scores.pit[place]),
        covered={percent: bool(column[place]) for percent, column in scores.covered.items()},
        interval_score_bps={percent: float(column[place]) for percent, column in scores.interval_score_bps.items()},
    )
    return Result(target.forecast_id, target.horizon, outcome, log_return, score)


def _by_cycle_and_horizon(pairs: Iterable[tuple[DueTarget, Result]]) -> Iterable[list[tuple[DueTarget, Result]]]:
    # The store hands targets out in this order, so equal keys stand side by side.
    for _, group in itertools.groupby(pairs, key=lambda pair: (pair[0].target_at, pair[0].horizon, pair[0].series_id)):
        yield list(group)
