"""Which market the worker works on."""

from __future__ import annotations

from typing import Final

import structlog

from btcforecast.bootstrap import open_venues
from btcforecast.core import SIMULATED_VENUE, Clock, Series
from btcforecast.market.venue import Venue
from btcforecast.market.venues import first_answering
from btcforecast.settings import Settings
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database

log: Final = structlog.get_logger()


async def choose_market(settings: Settings, database: Database, clock: Clock) -> tuple[Series, tuple[Venue, ...]]:
    """Return the series to forecast and the venues, its own first and behind it those that may stand in; the caller closes them.

    simulated: the generator. live: the exchanges in their order. auto: the exchange whose candles this worker stored before; at first
    start the first one that answers; the generator where none does. Once real candles are fetched, auto never goes back.
    """
    if settings.market == "simulated":
        return _simulated(settings, clock)
    own = settings.venues[0] if settings.market == "live" else await _stored_before(settings, database)
    if own is None:
        exchanges = open_venues(settings, settings.venues, clock)
        found, reasons = await first_answering(exchanges, settings.symbol, clock=clock)
        for venue in exchanges:
            await venue.close()
        if found is None:
            log.warning("market.simulated", reason="No exchange answers, so generated prices stand in, marked.", venues=reasons)
            return _simulated(settings, clock)
        own = found.name
    return Series(own, settings.symbol), open_venues(settings, (own, *settings.venues), clock)


def _simulated(settings: Settings, clock: Clock) -> tuple[Series, tuple[Venue, ...]]:
    return Series(SIMULATED_VENUE, settings.symbol), open_venues(settings, (SIMULATED_VENUE,), clock)


async def _stored_before(settings: Settings, database: Database) -> str | None:
    async with database.read() as connection:
        held = set(await CandleStore(connection).list_series())
    return next((name for name in settings.venues if Series(name, settings.symbol) in held), None)
