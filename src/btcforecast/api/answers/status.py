"""What is running, in words."""

from __future__ import annotations

from typing import Final, cast

from btcforecast import __version__
from btcforecast.api.answers import sources
from btcforecast.api.answers.ledger import shown_checkpoint
from btcforecast.api.schemas.gate import GateState as GateStateName
from btcforecast.api.schemas.status import Banner, Status, Worker
from btcforecast.api.service import Service
from btcforecast.core import Origin, to_rfc3339
from btcforecast.forecasts.ledger import Ledger
from btcforecast.store.candles import CandleStore
from btcforecast.store.forecasts import ForecastStore, Role, SealedForecast
from btcforecast.store.gate import GateState, GateStore
from btcforecast.store.workers import Heartbeat, Heartbeats

WORKER_DOWN_AFTER_S: Final = 120
_GATE_WORDS: Final = {
    "demoted": "The champion is not served.",
    "suspended": "Forecasts are suspended.",
    "withheld": "Forecasts are withheld.",
}


async def status(service: Service) -> Status:
    """Return what is running."""
    series, roles = await service.main_series(), await service.roles()
    async with service.database.read() as connection:
        beats = await Heartbeats(connection).all()
        checkpoint = await Ledger(connection, Origin.LIVE).newest_checkpoint()
        latest = newest = gate = None
        lenders: tuple[str, ...] = ()
        if series is not None:
            latest = await ForecastStore(connection).latest(series)
            gate = await GateStore(connection).state(series)
            store = CandleStore(connection)
            newest = await store.newest(series)
            if newest is not None:
                borrowed = await store.borrowed(series, opened_from=newest - 86400, opened_before=newest + 1)
                lenders = tuple(lender.venue for lender in borrowed)
    now = service.clock.now()
    is_open = service.settings.defaults.shows_detail
    workers = [_shown(beat, number=number, now=now, is_open=is_open) for number, beat in enumerate(beats, 1)]
    source = None
    if series is not None:
        source = sources.of_candles(service, series, newest_opened_at=newest, borrowed_from=lenders)
    latest_as_of = None if latest is None else latest.forecast.as_of
    return Status(
        source=source,
        banner=_banner(service, workers, latest, gate, is_stale=source is None or source.stale, lenders=lenders),
        version=__version__,
        environment=service.settings.environment,
        now=to_rfc3339(now),
        champion=roles.champion,
        fallback=roles.stand_in,
        challengers=[name for name in roles.models if roles.of(name) is Role.CHALLENGER],
        baselines=[name for name in roles.models if roles.of(name) is Role.BASELINE],
        gate=_gate_name(gate),
        served_model=None if gate is None else gate.served_model,
        issue_every_s=service.issue_every_s,
        latest_forecast_id=None if latest is None else latest.forecast.id,
        latest_forecast_at=None if latest_as_of is None else to_rfc3339(latest_as_of),
        next_forecast_at=to_rfc3339(service.next_due(latest_as_of)),
        checkpoint=None if checkpoint is None else shown_checkpoint(Origin.LIVE, checkpoint),
        workers=workers,
        n_stream_clients=service.hub.n_clients,
    )


def _gate_name(gate: GateState | None) -> GateStateName:
    return cast("GateStateName", "open" if gate is None else gate.state)


def is_alive(beat: Heartbeat, *, now: int) -> bool:
    """Say whether the worker spoke lately."""
    return now - beat.beat_at <= WORKER_DOWN_AFTER_S


def _shown(beat: Heartbeat, *, number: int, now: int, is_open: bool) -> Worker:
    # A worker is named after its machine and may tell what an exchange or a database said: nothing for strangers in production.
    return Worker(
        name=beat.name if is_open else f"worker {number}",
        version=beat.version,
        activity=beat.activity if is_open else "",
        alive=is_alive(beat, now=now),
        started_at=to_rfc3339(beat.started_at),
        beat_at=to_rfc3339(beat.beat_at),
    )


def _banner(
    service: Service,
    workers: list[Worker],
    latest: SealedForecast | None,
    gate: GateState | None,
    *,
    is_stale: bool,
    lenders: tuple[str, ...],
) -> Banner:
    """Return the most important thing to know, then the others."""
    alive = [worker for worker in workers if worker.alive]
    words: list[str] = []
    level = "ok"
    if not alive:
        level = "warning"
        words.append("No worker is running, so nothing new is fetched or forecast." if workers else "No worker has started yet.")
    elif latest is None:
        level = "info"
        words.append(f"No forecast yet; the worker is {alive[0].activity}.")
    elif service.is_overdue(latest.forecast.as_of):
        level = "warning"
        words.append(f"The newest forecast is older than it should be; the worker is {alive[0].activity}.")
    elif is_stale:
        level = "warning"
        words.append("No new candles are coming in; what is shown is the newest that is known.")
    if gate is not None and gate.state != "open":
        level = "warning"
        words.append(f"{_GATE_WORDS[gate.state]} {gate.reason}")
    if latest is not None and latest.forecast.series.is_simulated:
        level = "info" if level == "ok" else level
        words.append("Simulated market: these prices are generated, not real.")
    if lenders:
        level = "info" if level == "ok" else level
        words.append(f"Some recent candles are lent by {', '.join(sorted(set(lenders)))}.")
    return Banner.model_validate({"level": level, "words": " ".join(words) or "Everything is running."})
