"""The publish gate at work: facts and statistics from the store, the rule of `engine.calibration.gate`, and what it decided on record.

Only live cycles are gated, in the transaction that seals them. Statistics come from settled live forecasts of the same series.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import BASE, Candles, Horizon, Origin, Series, to_rfc3339
from btcforecast.engine.calibration.gate import JUDGED, Decision, Facts, GateLimits, Measure, State, decide
from btcforecast.engine.calibration.health import Health
from btcforecast.engine.calibration.measures import SPIKE_CANDLES, Record, candidate, input_measures, score_measures
from btcforecast.engine.calibration.statistics import Settled
from btcforecast.forecasts.issue import NO_VERSION, Issued
from btcforecast.forecasts.ledger import Ledger
from btcforecast.forecasts.roles import Roles
from btcforecast.store.candles import CandleStore
from btcforecast.store.feed import Feed
from btcforecast.store.forecasts import Role, series_fields
from btcforecast.store.gate import GateState, GateStore, GateTransition
from btcforecast.telemetry import metrics

GARCH: Final = "garch"
"""The baseline that the champion must not be worse than."""
STUDIED: Final = GateLimits()
"""The limits of the study."""
log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Passage:
    """What the gate made of one cycle, for whoever tells the world after the commit. has_changed: the state is another one now."""

    state: GateState
    has_changed: bool = False

    def tell(self, series: Series) -> None:
        """Show the state in the metrics, and a change in the log."""
        now = self.state
        for state in State:
            metrics.gate_state.labels(state).set(state == now.state)
        for measure in now.measures:
            if measure["value"] is not None:
                metrics.gate_measure.labels(measure["name"]).set(measure["value"])
        if self.has_changed:
            metrics.gate_transitions.labels(now.state).inc()
            log.warning("gate.changed", series=str(series), as_of=to_rfc3339(now.as_of), state=now.state, reason=now.reason)


async def pass_gate(connection: AsyncConnection, issued: Issued, *, series_id: int, at: int, limits: GateLimits) -> Passage:
    """Judge a live cycle inside the transaction that seals it, and record which of its forecasts is served."""
    store = GateStore(connection)
    roles = issued.roles or _roles_of(issued)
    before = await store.state(issued.series)
    if before is not None and issued.as_of < before.as_of:
        # A newer cycle has been judged already, as when one was issued beside the schedule: this one changes nothing.
        made = {forecast.model for forecast, _ in issued.forecasts}
        served = before.served_model if before.served_model in made else None
        await store.set_served(series_id, issued.as_of, origin=Origin.LIVE, model=served)
        return Passage(before)
    facts = await _facts(connection, issued, roles, series_id=series_id, at=at, limits=limits)
    # A new champion is judged by its own record, not by its predecessor's.
    is_known = before is not None and before.champion == roles.champion
    decision = decide(State(before.standing) if before is not None and is_known else State.OPEN, facts, limits)
    await store.set_served(series_id, issued.as_of, origin=Origin.LIVE, model=decision.serves)
    return await _enter(
        connection, issued.series, decision, before=before, roles=roles, series_id=series_id, as_of=issued.as_of, at=at
    )


async def withhold_missed(
    connection: AsyncConnection, series: Series, missed: Sequence[int], *, reason: str, at: int, limits: GateLimits
) -> Passage | None:
    """Close the gate when the newest scheduled cycle was missed: what is known is too old to be served."""
    store = GateStore(connection)
    before = await store.state(series)
    series_id = await CandleStore(connection).series_id(series)
    as_of = max(missed, default=None)
    newest = await store.newest_issued(series_id, origin=Origin.LIVE)
    if as_of is None or before is None or as_of < before.as_of or (newest is not None and newest > as_of):
        return None
    recent = await _recent(connection, series, until=at)
    inputs = input_measures(recent, as_of=BASE.floor(at), at=at, limits=limits)
    outside = next((measure for measure in inputs if measure.is_outside), None)
    why = f"The cycle of {to_rfc3339(as_of)} was missed. {reason if outside is None else outside.words}"
    decision = Decision(State.WITHHELD, State(before.standing), None, why, outside, inputs)
    if decision.standing is State.SUSPENDED:
        return None
    roles = Roles(before.champion, fallback=before.fallback)
    return await _enter(connection, series, decision, before=before, roles=roles, series_id=series_id, as_of=as_of, at=at)


async def _enter(
    connection: AsyncConnection,
    series: Series,
    decision: Decision,
    *,
    before: GateState | None,
    roles: Roles,
    series_id: int,
    as_of: int,
    at: int,
) -> Passage:
    """Write down how the gate stands, and where it changed, the change: in the ledger, in its table and in the feed."""
    store = GateStore(connection)
    previous = State.OPEN if before is None else State(before.state)
    standing = State.OPEN if before is None else State(before.standing)
    since = as_of if decision.state is not previous else None if before is None else before.since
    measures = [_shown(measure) for measure in decision.measures]
    state = GateState(
        as_of=as_of,
        judged_at=at,
        state=str(decision.state),
        standing=str(decision.standing),
        since=since,
        champion=roles.champion,
        fallback=roles.stand_in,
        served_model=decision.serves,
        reason=decision.reason,
        measures=measures,
    )
    await store.set_state(state, series_id=series_id)
    if (decision.state, decision.standing) == (previous, standing):
        return Passage(state)
    body: dict[str, Any] = {
        **series_fields(series),
        "as_of": to_rfc3339(as_of),
        "previous": str(previous),
        "state": state.state,
        "standing": state.standing,
        "champion": state.champion,
        "fallback": state.fallback,
        "served_model": state.served_model,
        "reason": state.reason,
        "measure": None if decision.cause is None else decision.cause.name,
    }
    entry = await Ledger(connection, Origin.LIVE).append("gate", {**body, "measures": measures}, at=at)
    await Feed(connection).append_event("gate", {**body, "entry": entry.seq}, at=at)
    transition = GateTransition(
        as_of=as_of,
        judged_at=at,
        previous=str(previous),
        state=state.state,
        standing=state.standing,
        served_model=state.served_model,
        reason=state.reason,
        cause=None if decision.cause is None else _shown(decision.cause),
        ledger_seq=entry.seq,
    )
    await store.add_transition(transition, series_id=series_id)
    return Passage(state, has_changed=True)


async def _facts(
    connection: AsyncConnection, issued: Issued, roles: Roles, *, series_id: int, at: int, limits: GateLimits
) -> Facts:
    """Return everything that the rule looks at. Of outcomes, only those count whose instant had come with the cycle's."""
    until = issued.as_of
    recent = await _recent(connection, issued.series, until=until)
    models = list(dict.fromkeys(name for name in (roles.champion, roles.stand_in, GARCH) if name is not None))
    spans = {horizon: until - limits.longest_window_s(horizon) for horizon in JUDGED}
    settled = await GateStore(connection).settled(series_id, models, spans=spans, until=until)
    records = {model: _record(settled, model) for model in models}
    made = {forecast.model for forecast, _ in issued.forecasts}

    def judged(model: str, role: str) -> Any:
        failure = None if model in made else issued.failures.get(model, NO_VERSION)
        health = issued.healths.get(model, Health())
        return candidate(model, role, failure=failure, health=health, record=records[model], until=until, limits=limits)

    stand_in = roles.stand_in
    return Facts(
        champion=judged(roles.champion, "champion"),
        fallback=None if stand_in is None else judged(stand_in, "fallback"),
        inputs=input_measures(recent, as_of=until, at=at, limits=limits),
        scores=score_measures(
            records[roles.champion],
            fallback=None if stand_in is None else records[stand_in],
            garch=None if roles.champion == GARCH or GARCH not in roles.models else records[GARCH],
            until=until,
            limits=limits,
        ),
    )


async def _recent(connection: AsyncConnection, series: Series, *, until: int) -> Candles:
    opened_from = until - (SPIKE_CANDLES + 1) * BASE.seconds
    return await CandleStore(connection).read(series, opened_from=opened_from, opened_before=until)


def _record(settled: Mapping[tuple[str, Horizon], Settled], model: str) -> Record:
    return {horizon: settled[model, horizon] for horizon in JUDGED}


def _roles_of(issued: Issued) -> Roles:
    models = {role: forecast.model for forecast, role in reversed(issued.forecasts)}
    others = tuple(forecast.model for forecast, role in issued.forecasts if role is Role.BASELINE)
    return Roles(models.get(Role.CHAMPION, issued.champion.model), others, models.get(Role.FALLBACK))


def _shown(measure: Measure) -> dict[str, Any]:
    return {
        "name": measure.name,
        "group": _group(measure.name),
        "value": measure.value,
        "low": measure.low,
        "high": measure.high,
        "n": measure.n,
        "n_needed": measure.n_needed,
        "verdict": "outside" if measure.is_outside else "holds" if measure.is_judged else "not_judged",
    }


def _group(name: str) -> str:
    if "_coverage_" in name:
        return "coverage"
    first = name.partition("_")[0]
    return {"champion": "champion", "fallback": "fallback", "score": "scores"}.get(first, "inputs")
