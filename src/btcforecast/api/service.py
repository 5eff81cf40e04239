"""The running service: what endpoints share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import cached_property, partial

from btcforecast.accounts.identity import Identity
from btcforecast.api.board import Board
from btcforecast.api.callers import Callers
from btcforecast.api.cookies import RefreshCookies
from btcforecast.api.path_sets import PathSets
from btcforecast.api.records import Records
from btcforecast.api.stream.hub import Hub
from btcforecast.api.uploads import Uploads
from btcforecast.api.usage import Usage
from btcforecast.core import Clock, Origin, Series, parse_span
from btcforecast.core.errors import BtcForecastError, NotFoundError
from btcforecast.forecasts.drift import drift_report
from btcforecast.forecasts.ledger import Signer, origin_line
from btcforecast.forecasts.questions.record import question_record
from btcforecast.forecasts.reigns import reigning_roles
from btcforecast.forecasts.roles import Roles
from btcforecast.forecasts.series import wanted
from btcforecast.forecasts.track_record import track_record
from btcforecast.settings import Settings
from btcforecast.store.series import SeriesDirectory

_SERIES_KEPT_S = 5
_SEALED_WITHIN_S = 15
"""A cycle is usually on record so soon after its instant."""


@dataclass(slots=True)
class _Known:
    read_at: int = -_SERIES_KEPT_S
    all: list[Series] = field(default_factory=list)
    main: Series | None = None
    roles: Roles | None = None


class Service:
    """Settings, database, log-ins, clock, and what is kept between requests."""

    def __init__(self, settings: Settings, identity: Identity, clock: Clock, *, hub: Hub) -> None:
        self.settings = settings
        self.identity = identity
        self.database = database = identity.database
        self.clock = clock
        self.hub = hub
        self.cookies = RefreshCookies(has_tls=settings.defaults.has_tls, public_url=settings.public_url)
        self.uploads = Uploads(max_bytes=settings.upload_max_bytes)
        self.board = Board()
        self.callers = Callers(identity, clock)
        self.usage = Usage(database, clock)
        self.records = Records(database, clock, track_record)
        self.question_records = Records(database, clock, question_record)
        self.drift_reports = Records(database, clock, partial(drift_report, configured=settings.roles))
        self.path_sets = PathSets(database)
        self._known = _Known()
        self._signer: Signer | None = None

    @cached_property
    def issue_every_s(self) -> int:
        """Return how often forecasts are due."""
        return parse_span(self.settings.issue_every)

    @cached_property
    def issue_grace_s(self) -> int:
        """Return how long after its instant a forecast may still be sealed."""
        return parse_span(self.settings.issue_grace)

    async def roles(self) -> Roles:
        """Return the models that are issued here: those of the settings, under the champion that reigns."""
        return (await self._series_known()).roles or self.settings.roles

    async def main_series(self) -> Series | None:
        """Return the series that is forecast here, or None while nothing is known."""
        return (await self._series_known()).main

    async def series(self, *, symbol: str | None, venue: str | None) -> Series:
        """Return the stored series that was asked for; what is not said is as in the one that is forecast here.

        Raises InputError for names that cannot be, NotFoundError where nothing stored fits.
        """
        Series(venue or "any", symbol or "ANY/ANY")
        known = await self._series_known()
        fitting = [series for series in known.all if venue in (None, series.venue) and symbol in (None, series.symbol)]
        if known.main in fitting:
            return known.main
        if not known.all:
            raise NotFoundError("There are no candles yet: the worker has not stored its first ones.")
        if not fitting:
            there = ", ".join(map(str, known.all))
            raise NotFoundError(f"There are no candles{wanted(venue=venue, symbol=symbol)}. Stored are: {there}.")
        if len(fitting) > 1:
            raise NotFoundError(f"Several series fit: {', '.join(map(str, fitting))}. Choose one with venue and symbol.")
        return fitting[0]

    async def verifier_key(self, ledger: Origin) -> str | None:
        """Return the public key of a ledger's checkpoints, or None where the key is not on this machine."""
        if self._signer is None:
            try:
                self._signer = await asyncio.to_thread(Signer.load, self.settings.signing_key_file)
            except BtcForecastError:
                return None
        return str(self._signer.verifier_key(origin_line(ledger)))

    def next_due(self, latest_as_of: int | None) -> int:
        """Return the next instant at which a forecast is due: the one just passed while it may still be sealed."""
        now, every = self.clock.now(), self.issue_every_s
        newest = now - now % every
        if latest_as_of is not None and latest_as_of < newest and now <= newest + self.issue_grace_s:
            return newest
        return newest + every

    def until_next_cycle(self) -> int:
        """Return in how many seconds the next scheduled cycle should be on record."""
        now, every = self.clock.now(), self.issue_every_s
        return every - now % every + _SEALED_WITHIN_S

    def is_overdue(self, as_of: int) -> bool:
        """Say whether a newer forecast than this should exist by now."""
        return self.clock.now() > as_of + self.issue_every_s + self.issue_grace_s

    async def _series_known(self) -> _Known:
        now = self.clock.now()
        if not self._known.read_at <= now < self._known.read_at + _SERIES_KEPT_S:
            async with self.database.read() as connection:
                directory = SeriesDirectory(connection)
                main = await directory.main()
                roles = None if main is None else await reigning_roles(connection, main, self.settings.roles)
                self._known = _Known(now, await directory.all(), main, roles)
        return self._known
