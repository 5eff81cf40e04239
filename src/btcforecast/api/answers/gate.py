"""The publish gate as it is shown."""

from __future__ import annotations

from typing import Any, cast

from btcforecast.api.answers import sources
from btcforecast.api.schemas.gate import Gate, GateMeasure, GateState, GateTransition, Reign, Standing
from btcforecast.api.service import Service
from btcforecast.core import Origin, Series, to_rfc3339
from btcforecast.store import gate as stored
from btcforecast.store.gate import GateStore

_TRANSITIONS_SHOWN = 20


async def gate(service: Service, series: Series) -> Gate:
    """Return what the gate decided in the newest live cycle."""
    async with service.database.read() as connection:
        store = GateStore(connection)
        state = await store.state(series)
        transitions = await store.transitions(series, limit=_TRANSITIONS_SHOWN)
        reigns = await store.reigns(series)
    roles = await service.roles()
    as_of = None if state is None else state.as_of
    is_stale = as_of is not None and service.is_overdue(as_of)
    return Gate(
        source=sources.source(service, series, as_of=as_of, is_stale=is_stale, origin=Origin.LIVE),
        state=cast("GateState", "open" if state is None else state.state),
        standing=cast("Standing", "open" if state is None else state.standing),
        since=None if state is None or state.since is None else to_rfc3339(state.since),
        judged_at=None if state is None else to_rfc3339(state.judged_at),
        reason="No cycle has passed the gate yet." if state is None else state.reason,
        champion=roles.champion if state is None else state.champion,
        fallback=roles.stand_in if state is None else state.fallback,
        served_model=None if state is None else state.served_model,
        measures=[] if state is None else [GateMeasure.model_validate(measure) for measure in state.measures],
        transitions=[_transition(change) for change in transitions],
        reigns=[_reign(reign) for reign in reigns],
    )


def _transition(change: stored.GateTransition) -> GateTransition:
    fields: dict[str, Any] = {
        "as_of": to_rfc3339(change.as_of),
        "judged_at": to_rfc3339(change.judged_at),
        "previous": change.previous,
        "state": change.state,
        "standing": change.standing,
        "served_model": change.served_model,
        "reason": change.reason,
        "measure": None if change.cause is None else change.cause["name"],
        "ledger_seq": change.ledger_seq,
    }
    return GateTransition.model_validate(fields)


def _reign(reign: stored.Reign) -> Reign:
    fields: dict[str, Any] = {
        "champion": reign.champion,
        "previous": reign.previous,
        "began_at": to_rfc3339(reign.began_at),
        "kind": reign.kind,
        "forced": reign.is_forced,
        "reason": reign.reason,
        "ledger_seq": reign.ledger_seq,
    }
    return Reign.model_validate(fields)
