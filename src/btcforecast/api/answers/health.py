"""How every part is doing."""

from __future__ import annotations

import asyncio
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast import __version__
from btcforecast.api.answers import sources
from btcforecast.api.answers.status import is_alive
from btcforecast.api.schemas.status import Component, HealthDetail, HealthStatus, Ready
from btcforecast.api.service import Service
from btcforecast.core import BASE, Origin, Series, parse_span, to_rfc3339
from btcforecast.forecasts.ledger import Ledger
from btcforecast.store.calendar import CalendarStore
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.forecasts import ForecastStore
from btcforecast.store.gate import GateStore
from btcforecast.store.mail import MailStore
from btcforecast.store.model_versions import ModelVersionStore
from btcforecast.store.venues import VenueState, VenueStates
from btcforecast.store.workers import Heartbeats

OK, DEGRADED, FAILED = HealthStatus.OK, HealthStatus.DEGRADED, HealthStatus.FAILED
_DATABASE_WITHIN_S: Final = 5
_SLOW_DATABASE_S: Final = 0.25
_CHECKPOINT_WITHIN_S: Final = 2 * 3600
_MAIL_WITHIN_S: Final = 600
_UNREACHABLE: Final = (SQLAlchemyError, OSError, TimeoutError)


async def ready(service: Service) -> Ready:
    """Return whether the database answers and its tables are current."""
    try:
        async with asyncio.timeout(_DATABASE_WITHIN_S):
            is_behind = await service.database.pending_migrations()
    except _UNREACHABLE:
        return Ready(status=FAILED, checks={"database": FAILED, "migrations": FAILED})
    migrations = FAILED if is_behind else OK
    return Ready(status=migrations, checks={"database": OK, "migrations": migrations})


async def detailed(service: Service) -> HealthDetail:
    """Return every part; in production only how it is, because whoever asks is not known."""
    try:
        async with asyncio.timeout(_DATABASE_WITHIN_S):
            components = await _all(service)
    except _UNREACHABLE:
        components = {"database": Component(status=FAILED, reason="The database does not answer.", facts={})}
    order = [OK, DEGRADED, FAILED]
    worst = max((component.status for component in components.values()), key=order.index)
    if not service.settings.defaults.shows_detail:
        bare = {name: Component(status=component.status, reason=None, facts={}) for name, component in components.items()}
        return HealthDetail(status=worst, version=None, components=bare)
    return HealthDetail(status=worst, version=__version__, components=components)


async def _all(service: Service) -> dict[str, Component]:
    found = {"database": await _database(service.database)}
    series = await service.main_series()
    async with service.database.read() as connection:
        found["worker"] = await _worker(service, connection)
        found["data"] = await _data(service, connection, series)
        found["calendar"] = await _calendar(service, connection)
        found["forecasts"] = await _forecasts(service, connection, series)
        found["gate"] = await _gate(connection, series)
        found["models"] = await _models(service, connection, series)
        found["ledger"] = await _ledger(service, connection)
        found["mail"] = await _mail(service, connection)
        for state in await VenueStates(connection).all():
            found[f"venue.{state.venue}"] = await _venue(service, connection, state, series)
    return found


async def _database(database: Database) -> Component:
    latency_s = await database.ping()
    is_behind = await database.pending_migrations()
    facts: dict[str, str | int | float | bool | None] = {
        "kind": "sqlite" if database.is_sqlite else "postgresql",
        "latency_ms": round(1000 * latency_s, 2),
        "migrations_pending": is_behind,
    }
    pool = database.engine.pool
    for name in ("size", "checkedout", "overflow"):
        figure = getattr(pool, name, None)
        if callable(figure):
            facts[f"pool_{name}"] = figure()
    if is_behind:
        return Component(
            status=FAILED, reason="Its tables are behind this version; restart with `btcforecast serve`.", facts=facts
        )
    if latency_s > _SLOW_DATABASE_S:
        return Component(status=DEGRADED, reason="It answers slowly.", facts=facts)
    return Component(status=OK, reason=None, facts=facts)


async def _worker(service: Service, connection: AsyncConnection) -> Component:
    beats = await Heartbeats(connection).all()
    now = service.clock.now()
    if not beats:
        return Component(status=FAILED, reason="No worker has started yet.", facts={})
    newest = beats[0]
    facts: dict[str, str | int | float | bool | None] = {
        "alive": sum(is_alive(beat, now=now) for beat in beats),
        "known": len(beats),
        "last_beat_age_s": now - newest.beat_at,
        "activity": newest.activity,
        "version": newest.version,
    }
    if not is_alive(newest, now=now):
        return Component(status=FAILED, reason=f"The last worker was heard of at {to_rfc3339(newest.beat_at)}.", facts=facts)
    return Component(status=OK, reason=None, facts=facts)


async def _data(service: Service, connection: AsyncConnection, series: Series | None) -> Component:
    newest = None if series is None else await CandleStore(connection).newest(series)
    if series is None or newest is None:
        return Component(status=FAILED, reason="There are no candles yet.", facts={})
    age_s = service.clock.now() - newest - BASE.seconds
    facts: dict[str, str | int | float | bool | None] = {"series": str(series), "simulated": series.is_simulated, "age_s": age_s}
    if age_s > sources.CANDLES_STALE_AFTER_S:
        return Component(status=DEGRADED, reason=f"The newest candle closed {age_s} seconds ago.", facts=facts)
    return Component(status=OK, reason=None, facts=facts)


async def _calendar(service: Service, connection: AsyncConnection) -> Component:
    store = CalendarStore(connection)
    events, file = (await store.read()).events, await store.file()
    now, changed_at = service.clock.now(), await store.changed_at()
    n_ahead = sum(event.at > now for event in events)
    facts: dict[str, str | int | float | bool | None] = {
        "events": len(events),
        "events_ahead": n_ahead,
        "last_event_at": to_rfc3339(events[-1].at) if events else None,
        "age_s": None if changed_at is None else now - changed_at,
        "has_run_out": bool(events) and not n_ahead,
        "file": None if file is None else file.path,
    }
    if file is not None and file.fault is not None:
        since = to_rfc3339(file.since_at)
        return Component(status=DEGRADED, reason=f"Since {since} the calendar's file cannot be used: {file.fault}", facts=facts)
    if facts["has_run_out"]:
        reason = f"The calendar has run out: its last event was at {facts['last_event_at']}."
        return Component(status=DEGRADED, reason=reason, facts=facts)
    return Component(status=OK, reason=None, facts=facts)


async def _forecasts(service: Service, connection: AsyncConnection, series: Series | None) -> Component:
    store = ForecastStore(connection)
    latest = None if series is None else await store.latest(series)
    if latest is None:
        return Component(status=FAILED, reason="There is no live forecast yet.", facts={})
    as_of = latest.forecast.as_of
    facts: dict[str, str | int | float | bool | None] = {
        "latest_at": to_rfc3339(as_of),
        "age_s": service.clock.now() - as_of,
        "model": latest.forecast.model,
    }
    if service.is_overdue(as_of):
        return Component(status=DEGRADED, reason="A newer forecast is overdue.", facts=facts)
    return Component(status=OK, reason=None, facts=facts)


async def _gate(connection: AsyncConnection, series: Series | None) -> Component:
    gate = None if series is None else await GateStore(connection).state(series)
    if gate is None:
        return Component(status=OK, reason=None, facts={"state": "open"})
    facts: dict[str, str | int | float | bool | None] = {
        "state": gate.state,
        "standing": gate.standing,
        "since": None if gate.since is None else to_rfc3339(gate.since),
        "served_model": gate.served_model,
    }
    if gate.served_model is None:
        return Component(status=FAILED, reason=f"Forecasts are {gate.state}: {gate.reason}", facts=facts)
    if gate.state == "demoted":
        return Component(status=DEGRADED, reason=gate.reason, facts=facts)
    return Component(status=OK, reason=None, facts=facts)


async def _models(service: Service, connection: AsyncConnection, series: Series | None) -> Component:
    if series is None:
        return Component(status=FAILED, reason="No model has been fitted yet.", facts={})
    champion = (await service.roles()).champion
    latest = await ForecastStore(connection).latest(series, model=champion)
    rows = await ModelVersionStore(connection).list_versions(series=series, model=champion, limit=1)
    if not rows:
        return Component(status=FAILED, reason=f"The champion {champion} has not been fitted yet.", facts={})
    age_s = service.clock.now() - rows[0].trained_until
    facts: dict[str, str | int | float | bool | None] = {
        "serving_version": None if latest is None else latest.forecast.model_version,
        "newest_version": rows[0].version,
        "trained_age_s": age_s,
    }
    if rows[0].status == "refused":
        return Component(status=DEGRADED, reason="The newest version's files were changed; an older one serves.", facts=facts)
    if age_s > 3 * parse_span(service.settings.refit_every):
        return Component(status=DEGRADED, reason="The models should have been fitted anew.", facts=facts)
    return Component(status=OK, reason=None, facts=facts)


async def _ledger(service: Service, connection: AsyncConnection) -> Component:
    ledger = Ledger(connection, Origin.LIVE)
    size, checkpoint = await ledger.size(), await ledger.newest_checkpoint()
    facts: dict[str, str | int | float | bool | None] = {
        "entries": size,
        "signed_entries": 0 if checkpoint is None else checkpoint.tree_size,
        "signed_at": None if checkpoint is None else to_rfc3339(checkpoint.signed_at),
    }
    if checkpoint is not None and checkpoint.tree_size > size:
        return Component(status=FAILED, reason="Entries that a checkpoint signed for are gone.", facts=facts)
    unsigned = size - (0 if checkpoint is None else checkpoint.tree_size)
    if unsigned:
        first = await ledger.entry(size - unsigned)
        if service.clock.now() - first.entry.at > _CHECKPOINT_WITHIN_S:
            return Component(status=DEGRADED, reason=f"{unsigned} entries wait for a checkpoint.", facts=facts)
    return Component(status=OK, reason=None, facts=facts)


async def _mail(service: Service, connection: AsyncConnection) -> Component:
    store, now = MailStore(connection), service.clock.now()
    queue, sent_at = await store.queue(), await store.last_sent_at()
    oldest_age_s = 0 if queue.oldest_at is None else now - queue.oldest_at
    facts: dict[str, str | int | float | bool | None] = {
        "goes_somewhere": bool(service.settings.mail_address),
        "waiting": queue.n_waiting,
        "oldest_age_s": oldest_age_s,
        "last_sent_age_s": None if sent_at is None else now - sent_at,
    }
    # One reader's full mailbox is not a fault of ours: others' letters are sent meanwhile.
    if oldest_age_s > _MAIL_WITHIN_S and (sent_at is None or now - sent_at > _MAIL_WITHIN_S):
        if not service.settings.mail_address:
            return Component(status=DEGRADED, reason="Letters wait, and there is no MAIL_URL to send them by.", facts=facts)
        reason = f"A letter has waited for {oldest_age_s // 60} minutes, and none was sent in the last ten."
        return Component(status=DEGRADED, reason=reason, facts=facts)
    return Component(status=OK, reason=None, facts=facts)


async def _venue(service: Service, connection: AsyncConnection, state: VenueState, series: Series | None) -> Component:
    now = service.clock.now()
    facts: dict[str, str | int | float | bool | None] = {
        "breaker": state.breaker,
        "latency_ms": state.latency_ms,
        "last_success_age_s": None if state.last_success_at is None else now - state.last_success_at,
        "last_error_age_s": None if state.last_error_at is None else now - state.last_error_at,
        "last_error": state.last_error,
        "retry_in_s": None if state.retry_at is None else max(0, state.retry_at - now),
    }
    if series is not None and series.venue == state.venue:
        newest = await CandleStore(connection).newest(series)
        facts["data_age_s"] = None if newest is None else now - newest - BASE.seconds
    if state.breaker == "open":
        return Component(status=DEGRADED, reason="Calls are held back after failures.", facts=facts)
    if state.breaker == "half_open":
        return Component(status=DEGRADED, reason="It is being tried again after failures.", facts=facts)
    return Component(status=OK, reason=None, facts=facts)
