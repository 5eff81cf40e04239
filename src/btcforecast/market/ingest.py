"""Candles from venues into the store: resumed where it stopped, lent by others when the own venue is away, refilled later."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import structlog

from btcforecast.core import BASE, SIMULATED_VENUE, Candles, Clock, Series, to_rfc3339
from btcforecast.core.errors import InputError, VenueError
from btcforecast.market.belief import judge
from btcforecast.market.report import IngestReport, Progress, Tally
from btcforecast.market.venue import Page, Venue
from btcforecast.store.absences import Absence, Absences
from btcforecast.store.candles import CandleStore, Gap, Written
from btcforecast.store.database import Database
from btcforecast.store.venues import VenueStates
from btcforecast.telemetry import metrics

_log: Final = structlog.get_logger(__name__)
_REFERENCE_S: Final = 2 * 86400
"""How much known history the prices of a lender are measured against."""


@dataclass(frozen=True, slots=True)
class IngestPolicy:
    """How a series is kept up to date."""

    reread_s: int = 6 * 3600
    """Venues revise candles for hours; the newest ones are read again in every run."""
    patience_s: int = 900
    """A venue that answers, but whose newest candle is older than this, counts as away; so do cached data count as stale."""
    overlap_s: int = 2 * 3600
    """How much of a lender's past is compared with what is known."""
    n_tries: int = 5
    """How often a gap is asked for before it is taken for the venue's own outage."""
    first_retry_s: int = 3600
    """Wait after the first such try; each further one waits four times as long."""
    n_gaps_per_run: int = 50


@dataclass(slots=True)
class _Run:
    """The state of one run."""

    series: Series
    report: Callable[[Progress], None] | None
    tallies: dict[str, Tally] = field(default_factory=dict)
    lent_by: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def tally(self, venue: str) -> Tally:
        return self.tallies.setdefault(venue, Tally(venue))


class Ingest:
    """Keeps series up to date from the venues; where a series' own is away, the others stand in, in their order."""

    def __init__(
        self,
        database: Database,
        venues: Iterable[Venue],
        clock: Clock,
        *,
        policy: IngestPolicy | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._database: Final = database
        self._venues: Final = {venue.name: venue for venue in venues}
        self._clock: Final = clock
        self._policy: Final = policy or IngestPolicy()
        self._on_progress: Final = on_progress
        self._is_restored = False

    async def catch_up(self, series: Series, *, since: int) -> IngestReport:
        """Fetch what the series lacks from `since` to now, each page committed by itself, and return what was done.

        The newest hours are read again for revisions. When the own venue fails or has stood still, the others lend what is
        current, in order, if their prices are believed; when none can, the report says since when the data are stale.
        """
        run = _Run(series, self._on_progress)
        own = await self._own(series)
        try:
            for opened_from, opened_before in await self._spans(series, since=since):
                await self._fetch(run, own, opened_from, opened_before)
        except VenueError as e:
            run.tally(own.name).error = str(e)
        _note_reach(run, own, since=since, now=self._clock.now())
        if await self._is_behind(series, has_failed=run.tally(own.name).error is not None):
            await self._borrow(run)
        return await self._finish(run)

    async def refill_gaps(self, series: Series) -> IngestReport:
        """Ask the own venue again for what is missing or borrowed; what it never has is asked for ever more rarely."""
        run = _Run(series, self._on_progress)
        own = await self._own(series)
        gaps = await self._due_gaps(series, own)
        try:
            for gap in gaps[: self._policy.n_gaps_per_run]:
                await self._refill(run, own, gap)
        except VenueError as e:
            run.tally(own.name).error = str(e)
        return await self._finish(run)

    async def _own(self, series: Series) -> Venue:
        venue = self._venues.get(series.venue)
        if venue is None:
            raise InputError(f"{series.venue} is not among the venues that are open: {', '.join(self._venues)}.")
        if not self._is_restored:
            async with self._database.read() as connection:
                states = await VenueStates(connection).all()
            for state in states:
                if state.venue in self._venues:
                    self._venues[state.venue].restore(state)
            self._is_restored = True
        return venue

    async def _spans(self, series: Series, *, since: int) -> list[tuple[int, int]]:
        """Return the spans to fetch: what is older than the first stored candle, unless known absent, then the newest."""
        now = self._clock.now()
        since = BASE.floor(since)
        async with self._database.read() as connection:
            store = CandleStore(connection)
            extent = await store.extent(series)
            if extent is None:
                return [(since, now)]
            absences = await Absences(connection, await store.series_id(series)).all()
        spans = []
        has_none_before = any(absence.opened_before == extent.first_opened_at for absence in absences)
        if since < extent.first_opened_at and not has_none_before:
            spans.append((since, extent.first_opened_at))
        newest = max(since, extent.last_opened_at + BASE.seconds - self._policy.reread_s)
        spans.append((newest, now))
        return spans

    async def _fetch(self, run: _Run, own: Venue, opened_from: int, opened_before: int) -> None:
        """Store the own venue's candles of a span, page by page; remember where its history begins."""
        async for page in own.pages(run.series.symbol, opened_from=opened_from, opened_before=opened_before):
            await self._write(run, own, page, page.candles)
            _report(run, own, opened_from, opened_before, page)
        async with self._database.transaction() as connection:
            store = CandleStore(connection)
            extent = await store.extent(run.series)
            if extent is not None and opened_from < extent.first_opened_at:
                # The venue was asked for all before its first candle and has none.
                absences = Absences(connection, await store.series_id(run.series))
                await absences.add(opened_from=opened_from, opened_before=extent.first_opened_at, at=self._clock.now())

    async def _write(self, run: _Run, venue: Venue, page: Page, candles: Candles) -> Written:
        lender = None if venue.name == run.series.venue else Series(venue.name, run.series.symbol)
        async with self._database.transaction() as connection:
            written = await CandleStore(connection).write(
                run.series, candles, recorded_at=self._clock.now(), borrowed_from=lender
            )
        run.tally(venue.name).add(page, written)
        metrics.candles_written.labels(venue.name, "new").inc(written.n_new)
        metrics.candles_written.labels(venue.name, "revised").inc(written.n_revised)
        if written.n_revised:
            _log.info("candles.revised", series=str(run.series), venue=venue.name, n_revised=written.n_revised)
        return written

    async def _is_behind(self, series: Series, *, has_failed: bool) -> bool:
        """Say whether a candle that should be there is not: any, when the venue failed; else only after some patience."""
        newest = await self._newest(series)
        if newest is None:
            return has_failed
        closed_at = newest + BASE.seconds
        now = self._clock.now()
        return closed_at < BASE.floor(now) if has_failed else closed_at + self._policy.patience_s < now

    async def _newest(self, series: Series) -> int | None:
        async with self._database.read() as connection:
            return await CandleStore(connection).newest(series)

    async def _borrow(self, run: _Run) -> None:
        """Let the other venues lend what is newer than the newest candle, in order, until one has brought it to the end."""
        if run.series.is_simulated:
            return
        if await self._newest(run.series) is None:
            run.notes.append("No other venue was asked: without any known price there is nothing to check its prices against.")
            return
        for venue in self._venues.values():
            if venue.name in {run.series.venue, SIMULATED_VENUE}:
                continue
            tally = run.tally(venue.name)
            try:
                if await self._lend(run, venue, tally):
                    return
            except VenueError as e:
                tally.error = str(e)

    async def _lend(self, run: _Run, venue: Venue, tally: Tally) -> bool:
        """Store the venue's newer candles while they are believed; return whether the series is current after it."""
        newest = await self._newest(run.series)
        assert newest is not None
        start, end = newest + BASE.seconds, self._clock.now()
        pages = venue.pages(run.series.symbol, opened_from=start - self._policy.overlap_s, opened_before=end)
        async for page in pages:
            verdict = judge(page.candles, await self._known(run.series))
            if not verdict.is_believed:
                tally.disbelief = verdict.reason
                metrics.fallback_refused.labels(venue.name).inc()
                _log.warning("fallback.not_believed", series=str(run.series), venue=venue.name, reason=verdict.reason)
                return False
            fresh = page.candles.since(start)
            if len(fresh):
                await self._write(run, venue, page, fresh)
                if venue.name not in run.lent_by:
                    run.lent_by.append(venue.name)
                    _log.info("fallback.lends", series=str(run.series), venue=venue.name, offset=verdict.offset)
            _report(run, venue, start, end, page)
        return not await self._is_behind(run.series, has_failed=False)

    async def _known(self, series: Series) -> Candles:
        newest = await self._newest(series)
        assert newest is not None
        async with self._database.read() as connection:
            return await CandleStore(connection).read(series, opened_from=newest - _REFERENCE_S)

    async def _due_gaps(self, series: Series, own: Venue) -> list[Gap]:
        """Return the gaps to ask for now, newest first: within the venue's reach, and not asked for in vain too recently."""
        now = self._clock.now()
        reach = 0 if own.n_reachable is None else now - (own.n_reachable - 1) * BASE.seconds
        async with self._database.read() as connection:
            store = CandleStore(connection)
            gaps = await store.gaps(series)
            absences = await Absences(connection, await store.series_id(series)).all()
        known = {absence.opened_from: absence for absence in absences}
        due = [gap for gap in gaps if gap.opened_before > reach and self._is_due(known.get(gap.opened_from), gap, now=now)]
        return due[::-1]

    def _is_due(self, absence: Absence | None, gap: Gap, *, now: int) -> bool:
        if absence is None or absence.opened_before != gap.opened_before:
            return True
        if absence.n_tries >= self._policy.n_tries:
            return False
        return now >= absence.tried_at + self._policy.first_retry_s * int(4 ** (absence.n_tries - 1))

    async def _refill(self, run: _Run, own: Venue, gap: Gap) -> None:
        async for page in own.pages(run.series.symbol, opened_from=gap.opened_from, opened_before=gap.opened_before):
            await self._write(run, own, page, page.candles)
            _report(run, own, gap.opened_from, gap.opened_before, page)
        async with self._database.transaction() as connection:
            store = CandleStore(connection)
            left = await store.gaps(run.series, opened_from=gap.opened_from, opened_before=gap.opened_before)
            absences = Absences(connection, await store.series_id(run.series))
            if left != [gap]:
                await absences.forget(opened_from=gap.opened_from, opened_before=gap.opened_before)
            for rest in left:
                await absences.add(opened_from=rest.opened_from, opened_before=rest.opened_before, at=self._clock.now())

    async def _finish(self, run: _Run) -> IngestReport:
        """Store how the venues are doing and say where the series stands."""
        now = self._clock.now()
        newest = await self._newest(run.series)
        async with self._database.transaction() as connection:
            for name in run.tallies:
                await VenueStates(connection).save(self._venues[name].state)
        as_of = None if newest is None else newest + BASE.seconds
        if as_of is not None:
            metrics.candles_age.labels(str(run.series)).set(now - as_of)
        is_stale = as_of is not None and as_of + self._policy.patience_s < now
        report = IngestReport(
            series=run.series,
            tallies=run.tallies,
            as_of=as_of,
            stale_since=as_of if is_stale else None,
            lent_by=tuple(run.lent_by),
            notes=tuple(run.notes),
        )
        _log.info(
            "candles.ingested",
            series=str(run.series),
            n_new=report.n_new,
            n_revised=report.n_revised,
            as_of=None if as_of is None else to_rfc3339(as_of),
            is_stale=report.is_stale,
            lent_by=report.lent_by,
        )
        return report


def _report(run: _Run, venue: Venue, opened_from: int, opened_before: int, page: Page) -> None:
    if run.report is not None:
        n_new = sum(tally.n_new for tally in run.tallies.values())
        run.report(Progress(venue.name, opened_from, opened_before, page.opened_before, n_new))


def _note_reach(run: _Run, own: Venue, *, since: int, now: int) -> None:
    if own.n_reachable is not None and since < now - own.n_reachable * BASE.seconds:
        hours = own.n_reachable * BASE.seconds // 3600
        run.notes.append(
            f"{own.name} only gives its newest {own.n_reachable} candles ({hours} hours). For more history import a file "
            "(btcforecast import), or put a venue with a whole history first in VENUES."
        )
