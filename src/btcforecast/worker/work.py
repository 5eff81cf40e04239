"""What the jobs do. Each method can be repeated at any moment without doing anything twice, and returns a sentence for the log."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from btcforecast import __version__
from btcforecast.accounts.encryption.rotation import drop_retired
from btcforecast.accounts.encryption.vault import Vault
from btcforecast.accounts.retention import forget_old
from btcforecast.core import BASE, Clock, Origin, Series, counted, parse_span, to_rfc3339
from btcforecast.core.errors import LedgerSealedTooLateError, UnavailableError
from btcforecast.forecasts.drift import drift_report
from btcforecast.forecasts.fit import fit_models
from btcforecast.forecasts.issue import Issuer, issue
from btcforecast.forecasts.ledger import Signer, sign_ledgers
from btcforecast.forecasts.promotion import promote_best
from btcforecast.forecasts.registry import ModelRegistry
from btcforecast.forecasts.reigns import reigning_roles
from btcforecast.forecasts.replay import ReplayPlan, replay
from btcforecast.forecasts.seal import Schedule, record_missed, seal
from btcforecast.forecasts.settle import settle
from btcforecast.market.ingest import Ingest
from btcforecast.market.report import IngestReport
from btcforecast.settings import Settings
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.feed import Feed
from btcforecast.store.forecasts import ForecastStore
from btcforecast.worker.calendar import keep_calendar

_EVENTS_KEPT_S: Final = 7 * 86400
_TRIES: Final = 4
_WAIT_S: Final = 15.0
"""A venue that shows a candle late gets three more chances within the minute; after that the next cycle tries, while the grace lasts."""
log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Work:
    """Everything that the jobs need, chosen once at start."""

    settings: Settings
    database: Database
    clock: Clock
    series: Series
    ingest: Ingest
    issuer: Issuer
    registry: ModelRegistry
    signer: Signer
    vault: Vault

    @property
    def schedule(self) -> Schedule:
        """Return when forecasts are due."""
        return Schedule(every_s=parse_span(self.settings.issue_every), grace_s=parse_span(self.settings.issue_grace))

    async def fetch(self) -> str:
        """Bring the store up to the newest closed candle; history that is still missing comes first."""
        report = await self.ingest.catch_up(self.series, since=self.clock.now() - parse_span(self.settings.history))
        return await self._tell(report)

    async def refill(self) -> str:
        """Ask the venue again for what is missing or borrowed."""
        return await self._tell(await self.ingest.refill_gaps(self.series))

    async def keep_calendar(self) -> str:
        """Bring the calendar of scheduled events up to its file."""
        return await keep_calendar(self.database, self.settings.calendar_path, clock=self.clock)

    async def issue_due(self) -> str:
        """Issue and seal the newest scheduled cycle while its grace lasts, and put those on record that were missed."""
        schedule, now = self.schedule, self.clock.now()
        as_of = schedule.newest_by(now)
        failure: str | None = None
        if now - as_of <= schedule.grace_s and not await self._is_on_record(as_of):
            failure = await self._issue_patiently(as_of)
        missed = await self.record_missed()
        return failure or f"{to_rfc3339(as_of)} is on record; {missed}"

    async def issue_now(self) -> str:
        """Issue and seal a forecast from the newest closed candle, beside the schedule, so that there is something to look at."""
        as_of = BASE.floor(self.clock.now())
        if not await self._is_on_record(as_of):
            return await self._issue_patiently(as_of) or f"{to_rfc3339(as_of)} is sealed."
        return f"{to_rfc3339(as_of)} is on record."

    async def record_missed(self) -> str:
        """Put the scheduled cycles on record that were missed; the newest one among them closes the gate."""
        missed = await record_missed(
            self.database, self.series, schedule=self.schedule, clock=self.clock, limits=self.settings.gate_limits
        )
        return f"{counted(len(missed), 'missed cycle')} {'was' if len(missed) == 1 else 'were'} recorded."

    async def settle_due(self) -> str:
        """Settle every target whose candle has closed."""
        live = await settle(self.database, clock=self.clock, origin=Origin.LIVE)
        replayed = await settle(self.database, clock=self.clock, origin=Origin.REPLAYED)
        return f"settled {live.n_settled} live and {replayed.n_settled} replayed targets."

    async def checkpoint(self) -> str:
        """Sign how each ledger stands, where it has grown."""
        signed = await sign_ledgers(self.database, self.signer, clock=self.clock)
        return "signed: " + (", ".join(f"{origin} {row.tree_size}" for origin, row in signed.items()) or "nothing yet")

    async def refit_due(self) -> str:
        """Fit every model anew whose newest version was trained longer ago than REFIT_EVERY, or by another release of this code."""
        now, every_s = self.clock.now(), parse_span(self.settings.refit_every)
        await self._follow_reign()
        stale = []
        for model in self.issuer.roles.models:
            version = await asyncio.to_thread(self.registry.newest, model, self.series)
            if version is None or version.trained_until <= now - every_s or version.code_version != __version__:
                stale.append(model)
        if not stale:
            return "no model is due."
        failures: dict[str, Exception] = {}
        fitted = await fit_models(
            self.database,
            self.registry,
            self.series,
            stale,
            until=BASE.floor(now),
            now=now,
            on_failed=failures.__setitem__,
        )
        await self._check_served(failures)
        return "fitted " + ", ".join(version.name for version in fitted)

    async def promote_due(self) -> str:
        """Once a day, promote the challenger that meets the rule, where PROMOTE_AUTOMATICALLY says so."""
        if not self.settings.promote_automatically or self.clock.now() // 3600 % 24:
            return "nothing is promoted now."
        limits = self.settings.promotion_limits
        reign = await promote_best(self.database, self.series, self.settings.roles, clock=self.clock, limits=limits)
        return "no challenger meets the rule." if reign is None else f"{reign.champion} is champion."

    async def measure_drift(self) -> str:
        """Bring the drift report's metrics up to date."""
        report = await drift_report(self.database, self.series, clock=self.clock, configured=self.settings.roles)
        report.show()
        return " ".join(report.words) or "no drift stands out."

    async def _check_served(self, failures: Mapping[str, Exception]) -> None:
        """Raise why the champion could not be fitted when neither it nor its fallback has any version to go on with."""
        roles = self.issuer.roles
        leading = [name for name in (roles.champion, roles.stand_in) if name is not None]
        if roles.champion in failures and not any(
            [await asyncio.to_thread(self.registry.newest, name, self.series) is not None for name in leading]
        ):
            raise failures[roles.champion]

    async def _follow_reign(self) -> None:
        """Take up what was promoted or rolled back since the last cycle."""
        async with self.database.read() as connection:
            self.issuer.roles = await reigning_roles(connection, self.series, self.settings.roles)

    async def replay_recent(self) -> str:
        """Replay the last days once (REPLAY_AT_START), so that there is a record to look at."""
        until = self.schedule.newest_by(self.clock.now())
        async with self.database.read() as connection:
            extent = await CandleStore(connection).extent(self.series)
        if extent is None:
            return "there are no candles to replay."
        plan = ReplayPlan(self.series, until - parse_span(self.settings.replay_at_start), until, every_s=self.schedule.every_s)
        report = await replay(self.database, self.registry, self.issuer.roles, plan, clock=self.clock)
        return f"replayed {report.n_issued} cycles."

    async def has_replayed(self) -> bool:
        """Say whether anything of this series was replayed before."""
        async with self.database.read() as connection:
            return await ForecastStore(connection).first_scheduled(self.series, origin=Origin.REPLAYED) is not None

    async def tidy(self) -> str:
        """Forget paths, stream events and data about people that were kept long enough; forecasts and candles are kept for ever."""
        now = self.clock.now()
        async with self.database.transaction() as connection:
            await ForecastStore(connection).drop_paths(
                origin=Origin.LIVE, as_of_before=now - parse_span(self.settings.paths_kept)
            )
            n = await Feed(connection).drop_events(created_before=now - _EVENTS_KEPT_S)
            gone = await forget_old(connection, at=now)
        gone["retired service keys"] = await drop_retired(self.database, self.vault, at=now)
        return f"forgot {n} events; " + ", ".join(f"{what}: {n_gone}" for what, n_gone in gone.items())

    async def _is_on_record(self, as_of: int) -> bool:
        async with self.database.read() as connection:
            return bool(await ForecastStore(connection).cycles(self.series, origin=Origin.LIVE, since=as_of, before=as_of + 1))

    async def _issue_patiently(self, as_of: int) -> str | None:
        """Issue and seal; return why it could not be done, or None when it was."""
        for left in reversed(range(_TRIES)):
            try:
                await self._follow_reign()
                issued = await issue(self.database, self.issuer, series=self.series, as_of=as_of, clock=self.clock)
                await seal(
                    self.database,
                    issued,
                    schedule=self.schedule,
                    clock=self.clock,
                    paths_kept_s=parse_span(self.settings.paths_kept),
                    limits=self.settings.gate_limits,
                )
            except UnavailableError as e:
                if not left:
                    log.warning("forecast.not_issued", series=str(self.series), as_of=to_rfc3339(as_of), reason=str(e))
                    return str(e)
                await asyncio.sleep(_WAIT_S)
                await self.fetch()
            except LedgerSealedTooLateError as e:
                log.warning("forecast.not_sealed", series=str(self.series), as_of=to_rfc3339(as_of), reason=str(e))
                return str(e)
            else:
                return None
        return None

    async def _tell(self, report: IngestReport) -> str:
        """Log what an ingest did and pass on to the streams when the data have become stale."""
        new = sum(tally.n_new for tally in report.tallies.values())
        log.info("market.fetched", series=str(report.series), n_new=new, is_stale=report.is_stale, lent_by=list(report.lent_by))
        return f"{new} new candles" + (f", stale since {to_rfc3339(report.stale_since)}" if report.stale_since else "")
