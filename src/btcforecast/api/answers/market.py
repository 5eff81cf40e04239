"""Candles and prices as they are shown."""

from __future__ import annotations

import asyncio
from typing import Final

from btcforecast.api.answers import sources
from btcforecast.api.schemas.market import Candle, CandleList, CandleWidth, Price
from btcforecast.api.service import Service
from btcforecast.api.text import ParameterError
from btcforecast.core import BASE, Candles, Interval, Series, to_rfc3339
from btcforecast.core.errors import NotFoundError
from btcforecast.store.candles import CandleStore
from btcforecast.store.feed import Feed, LivePrice

PRICE_STALE_AFTER_S: Final = 120
_VALUES: Final = ("open", "high", "low", "close", "volume")


async def candles(
    service: Service, series: Series, *, width: CandleWidth, opened_from: int | None, opened_before: int | None, limit: int
) -> CandleList:
    """Return the newest `limit` closed candles opened in [opened_from, opened_before)."""
    if opened_from is not None and opened_before is not None and opened_from >= opened_before:
        raise ParameterError("from", "The span is empty: “from” must be before “to”.")
    interval = Interval.parse(width)
    async with service.database.read() as connection:
        store = CandleStore(connection)
        newest = await store.newest(series)
        if newest is None:
            raise NotFoundError(f"There are no candles of {series} yet.")
        extent = await store.extent(series)
        assert extent is not None
        # Buckets begin on the interval's grid, so the span is widened to it: a bucket is read whole or not at all.
        end = min(newest + BASE.seconds, opened_before if opened_before is not None else newest + BASE.seconds)
        last = interval.floor(end - 1) + interval.seconds
        wanted_from = max(extent.first_opened_at, opened_from if opened_from is not None else 0)
        # Gaps make a fixed span hold fewer candles than it could; the span grows until it holds enough or everything.
        span = limit * interval.seconds
        while True:
            first = max(interval.floor(wanted_from), last - span)
            read = await store.read(series, opened_from=first, opened_before=last)
            built = await asyncio.to_thread(_built, read, interval, opened_from, opened_before)
            if len(built) >= limit or first <= interval.floor(wanted_from):
                break
            span *= 4
        lenders = await store.borrowed(series, opened_from=first, opened_before=last)
    shown = built[-limit:] if len(built) > limit else built
    earliest = max(interval.floor(extent.first_opened_at), -interval.floor(-(opened_from or 0)))
    has_earlier = len(shown) > 0 and int(shown.opened_at[0]) > earliest
    return CandleList(
        source=sources.of_candles(service, series, newest_opened_at=newest, borrowed_from=(lender.venue for lender in lenders)),
        interval=width,
        candles=await asyncio.to_thread(_shown, shown),
        previous_to=to_rfc3339(int(shown.opened_at[0])) if has_earlier else None,
    )


async def price(service: Service, series: Series) -> Price:
    """Return the newest price."""
    async with service.database.read() as connection:
        found = next((live for live in await Feed(connection).prices() if live.series == series), None)
    if found is None:
        raise NotFoundError(f"There is no price of {series} yet.")
    return shown_price(service, found)


def shown_price(service: Service, live: LivePrice) -> Price:
    """Return the price as it is shown."""
    traded_at = live.traded_at_ms // 1000
    is_stale = service.clock.now() - traded_at > PRICE_STALE_AFTER_S
    return Price(
        source=sources.source(service, live.series, as_of=traded_at, is_stale=is_stale),
        price=live.price,
        traded_at=to_rfc3339(traded_at),
        via=live.via,
    )


def _built(read: Candles, interval: Interval, opened_from: int | None, opened_before: int | None) -> Candles:
    built = read.resample(interval)
    if opened_from is not None:
        built = built.since(opened_from)
    if opened_before is not None:
        built = built.up_to(opened_before + interval.seconds - 1)
    return built


def _shown(found: Candles) -> list[Candle]:
    columns = [getattr(found, name).tolist() for name in _VALUES]
    return [
        Candle(opened_at=to_rfc3339(at), **dict(zip(_VALUES, row, strict=True)))
        for at, row in zip(found.opened_at.tolist(), zip(*columns, strict=True), strict=True)
    ]
