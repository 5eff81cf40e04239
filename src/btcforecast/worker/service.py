"""The worker process: first start, schedule, live prices, heartbeat, orderly end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import AsyncExitStack, aclosing, suppress
from typing import Final

import stamina.instrumentation
import structlog
from prometheus_client import start_http_server
from sqlalchemy.exc import SQLAlchemyError

from btcforecast import __version__
from btcforecast.accounts.defaults import refuse_default_people
from btcforecast.bootstrap import open_database, open_registry, open_roles, open_signer, open_vault
from btcforecast.core import Clock, Series, SystemClock
from btcforecast.core.errors import BtcForecastError, SettingsError
from btcforecast.forecasts.issue import Issuer
from btcforecast.forecasts.model_folder import model_folder_fault
from btcforecast.market.ingest import Ingest
from btcforecast.market.live import follow_prices
from btcforecast.market.report import Progress
from btcforecast.market.venue import Venue
from btcforecast.settings import Settings
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.feed import Feed
from btcforecast.store.workers import Heartbeats
from btcforecast.telemetry import metrics
from btcforecast.worker.jobs import enqueue, running_jobs
from btcforecast.worker.mail import open_delivery
from btcforecast.worker.market import choose_market
from btcforecast.worker.work import Work

_BEAT_EVERY_S: Final = 10
_RETRY_START_S: Final = 30
log: Final = structlog.get_logger()


class Pulse:
    """Tells the others that this worker is alive and what it is doing."""

    def __init__(self, database: Database, clock: Clock, name: str) -> None:
        self._database = database
        self._clock = clock
        self._name = name
        self._started_at = clock.now()
        self.series: Series | None = None
        self.activity = "starting"

    async def say(self, activity: str) -> None:
        """Change what is shown as the worker's activity, at once where the database answers."""
        self.activity = activity
        log.info("worker.activity", activity=activity)
        await self._beat_if_possible()

    async def beat(self) -> None:
        """Record one heartbeat."""
        async with self._database.transaction() as connection:
            series_id = await CandleStore(connection).series_id(self.series) if self.series else None
            await Heartbeats(connection).beat(
                self._name,
                version=__version__,
                series_id=series_id,
                activity=self.activity,
                started_at=self._started_at,
                at=self._clock.now(),
            )

    async def keep_beating(self) -> None:
        """Beat until cancelled; a database that is away for a while stops nothing."""
        while True:
            await self._beat_if_possible()
            await asyncio.sleep(_BEAT_EVERY_S)

    async def _beat_if_possible(self) -> None:
        try:
            await self.beat()
        except Exception as e:  # noqa: BLE001  # whatever a driver raises, the next beat may succeed
            log.warning("worker.heartbeat_failed", reason=type(e).__name__)

    def on_progress(self, progress: Progress) -> None:
        """Show how far fetching history has come; what the schedule fetches later is not worth a word."""
        if not self.activity.startswith("fetching history"):
            return
        asked = max(progress.opened_before - progress.opened_from, 1)
        share = (progress.reached - progress.opened_from) / asked
        self.activity = f"fetching history from {progress.venue}: {share:.0%}"


async def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT: send mail, get ready, then keep the schedule and pass on live prices."""
    # The venues' own log lines say what failed, once.
    stamina.instrumentation.set_on_retry_hooks([])
    await _until_stopped(settings, _work(settings, SystemClock()))


async def run_delivery(settings: Settings) -> None:
    """Send mail and nothing else until SIGTERM or SIGINT."""
    await _until_stopped(settings, _only_deliver(settings, SystemClock()))


async def _until_stopped(settings: Settings, work: Coroutine[None, None, None]) -> None:
    for name, found, remedy in settings.doubts:
        log.warning("settings.unwise", setting=name, found=found, remedy=remedy)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if settings.metrics_port:
        _show_metrics(settings.metrics_port)
    working, asked = asyncio.create_task(work), asyncio.create_task(stopped.wait())
    await asyncio.wait({working, asked}, return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        log.info("worker.stopping")
    for task in (working, asked):
        task.cancel()
    with suppress(asyncio.CancelledError):
        await working


def _show_metrics(port: int) -> None:
    try:
        start_http_server(port, addr="127.0.0.1", registry=metrics.REGISTRY)
    except OSError as e:
        message = f"METRICS_PORT {port} on 127.0.0.1 cannot be used ({e.strerror}); set another one, or 0 for none."
        raise SettingsError(message) from e


async def _work(settings: Settings, clock: Clock) -> None:
    # Before the task group, whose errors come out bundled: a key that is missing or wrong ends in its own sentence.
    _look_at_model_folder(settings)
    registry, signer, roles = open_registry(settings), open_signer(settings), open_roles(settings)
    vault = open_vault(settings)
    async with AsyncExitStack() as stack:
        database = open_database(settings)
        stack.push_async_callback(database.close)
        await database.migrate()
        if settings.defaults.is_strict:
            await refuse_default_people(database)
        delivery = await open_delivery(settings, database, vault, clock)
        pulse = Pulse(database, clock, settings.worker_name)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        group.create_task(pulse.keep_beating())
        # Before history is there: a newcomer's mail does not wait for it.
        group.create_task(delivery.run())
        await pulse.say("choosing the market")
        series, venues = await choose_market(settings, database, clock)
        for venue in venues:
            stack.push_async_callback(venue.close)
        pulse.series = series
        group.create_task(_pass_on_prices(database, venues[0], series))
        work = Work(
            settings=settings,
            database=database,
            clock=clock,
            series=series,
            ingest=Ingest(database, venues, clock, on_progress=pulse.on_progress),
            issuer=Issuer(registry, roles),
            registry=registry,
            signer=signer,
            vault=vault,
        )
        await _get_ready(work, pulse)
        jobs = await stack.enter_async_context(running_jobs(work, worker_name=settings.worker_name))
        if not await work.has_replayed():
            enqueue(jobs["replay"], run_id=f"replay-{series}")
        await pulse.say(f"forecasting {series} every {settings.issue_every}")
        await asyncio.Event().wait()


async def _only_deliver(settings: Settings, clock: Clock) -> None:
    if not settings.mail_address:
        raise SettingsError("MAIL_URL is empty, so there is nowhere to send mail; set it, such as smtp://user:password@host:587.")
    vault, database = open_vault(settings), open_database(settings)
    try:
        await database.migrate()
        await (await open_delivery(settings, database, vault, clock)).run()
    finally:
        await database.close()


def _look_at_model_folder(settings: Settings) -> None:
    """Refuse a folder of models that cannot be trusted, where people depend on the service; elsewhere warn."""
    fault = model_folder_fault(settings.model_path)
    if fault is None:
        return
    if fault.is_wrong and settings.defaults.is_strict:
        message = f"MODEL_PATH: {fault.found} {fault.remedy}"
        raise SettingsError(message)
    if settings.model_path.exists() or fault.is_wrong:
        log.warning("settings.model_path", found=fault.found, remedy=fault.remedy)


async def _get_ready(work: Work, pulse: Pulse) -> None:
    """Fetch history, fit and seal a first forecast; what fails is tried again until it works or the worker is stopped."""
    while True:
        try:
            await pulse.say("fetching history")
            await work.fetch()
            await work.keep_calendar()
            await pulse.say("fitting models")
            await work.refit_due()
            await pulse.say("sealing a forecast")
            await work.issue_now()
            # What was missed while no worker ran closes the gate at once, and not only with the first cycle.
            await work.record_missed()
            await work.checkpoint()
        except (BtcForecastError, SQLAlchemyError) as e:
            # A driver's words may hold addresses, and the activity is shown to everybody.
            reason = str(e) if isinstance(e, BtcForecastError) else "The database does not answer."
            log.warning("worker.not_ready", reason=reason, error=type(e).__name__)
            await pulse.say(f"waiting to try again: {reason}")
            await asyncio.sleep(_RETRY_START_S)
        else:
            await _show_drift(work)
            return


async def _show_drift(work: Work) -> None:
    """Set the gauges that the hourly job renews; the worker starts without them, too."""
    try:
        await work.measure_drift()
    except Exception as e:  # noqa: BLE001  # whatever goes wrong in a report, the hourly job tries again
        log.warning("worker.drift_not_measured", reason=str(e) or type(e).__name__)


async def _pass_on_prices(database: Database, venue: Venue, series: Series) -> None:
    """Write live prices to the store for the web processes, for ever."""
    async with aclosing(follow_prices(venue, series.symbol)) as ticks:
        async for tick in ticks:
            try:
                async with database.transaction() as connection:
                    await Feed(connection).set_price(series, tick.price, traded_at_ms=tick.traded_at_ms, via=tick.via)
            except Exception as e:  # noqa: BLE001  # whatever a driver raises, the next price may be written
                log.warning("worker.price_not_written", reason=type(e).__name__)
