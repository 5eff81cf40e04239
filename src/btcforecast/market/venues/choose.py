"""Venues by name, and the first of them that answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import structlog

from btcforecast.core import BASE, SIMULATED_VENUE, Clock
from btcforecast.core.errors import BtcForecastError
from btcforecast.market.resilience import CallPolicy
from btcforecast.market.venue import Venue
from btcforecast.market.venues.exchange import CcxtVenue
from btcforecast.market.venues.simulated import SimulatedVenue

_log: Final = structlog.get_logger(__name__)
_PROBED_S: Final = 3600


def open_venues(
    names: Iterable[str],
    *,
    clock: Clock,
    addresses: Mapping[str, str] | None = None,
    simulated_seed: int = 1,
    policy: CallPolicy | None = None,
) -> tuple[Venue, ...]:
    """Return the venues of those names, in that order; `addresses` holds other addresses for some (VENUE_URLS).

    Nothing is loaded or asked before the first call to one of them.
    """
    from btcforecast.market.simulated import SimulatedMarket  # noqa: PLC0415  # the generator's numerics load only where used

    found = addresses or {}
    return tuple(
        SimulatedVenue(SimulatedMarket(simulated_seed), clock=clock)
        if name == SIMULATED_VENUE
        else CcxtVenue(name, clock=clock, address=found.get(name), policy=policy)
        for name in dict.fromkeys(names)
    )


async def first_answering(
    venues: Sequence[Venue], symbol: str, *, clock: Clock, within_s: float = 20.0
) -> tuple[Venue | None, Mapping[str, str]]:
    """Return the first venue, in order, that gives candles of the last hour within that time, and why the others did not.

    All are asked at once, so that a machine without a network learns of it soon.
    """
    reasons = dict(
        zip(
            (venue.name for venue in venues),
            await asyncio.gather(*(_reason_against(venue, symbol, now=clock.now(), within_s=within_s) for venue in venues)),
            strict=True,
        )
    )
    for venue in venues:
        if reasons[venue.name] is None:
            return venue, {name: reason for name, reason in reasons.items() if reason is not None}
    return None, {name: reason or "" for name, reason in reasons.items()}


async def _reason_against(venue: Venue, symbol: str, *, now: int, within_s: float) -> str | None:
    try:
        async with asyncio.timeout(within_s):
            candles = await venue.fetch_candles(symbol, opened_from=BASE.floor(now - _PROBED_S), opened_before=now)
    except TimeoutError:
        return f"{venue.name} did not answer within {within_s:g} s."
    except BtcForecastError as e:
        _log.info("venue.not_chosen", venue=venue.name, reason=str(e))
        return str(e)
    return None if len(candles) else f"{venue.name} has no candle of the last hour."
