"""The simulated market as one more venue: generated candles that close with the clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Protocol

from btcforecast.core import BASE, SIMULATED_VENUE, Candles, Clock
from btcforecast.market.venue import Page, PriceTick
from btcforecast.store.venues import VenueState

_N_PER_PAGE: Final = 8640
"""Thirty days: generating them takes a moment, and progress stays visible."""


class Generator(Protocol):
    """What makes the prices: `market.simulated.SimulatedMarket`."""

    def candles(self, opened_from: int, opened_before: int) -> Candles:
        """Return the candles opened in [opened_from, opened_before)."""
        ...

    def price_at(self, at_ms: int) -> float:
        """Return the price at an instant, in agreement with the candles."""
        ...


class SimulatedVenue:
    """The generator behind the port. It has every symbol, is never away and never revises."""

    def __init__(self, market: Generator, *, clock: Clock, tick_every_s: float = 1.0) -> None:
        self._market: Final = market
        self._clock: Final = clock
        self._tick_every_s: Final = tick_every_s

    @property
    def name(self) -> str:
        """Return the name that marks everything from here as simulated."""
        return SIMULATED_VENUE

    @property
    def n_reachable(self) -> int | None:
        """Return None: all of its history can be generated."""
        return None

    @property
    def state(self) -> VenueState:
        """Return that it is well; it cannot be otherwise."""
        now = self._clock.now()
        return VenueState(SIMULATED_VENUE, "closed", latency_ms=0.0, last_success_at=now, updated_at=now)

    def restore(self, state: VenueState) -> None:
        """Do nothing: there is no breaker."""

    async def pages(self, symbol: str, *, opened_from: int, opened_before: int) -> AsyncIterator[Page]:
        """Yield the closed candles opened in [opened_from, opened_before) page by page, oldest first."""
        del symbol  # one market stands for every symbol
        end = min(opened_before, BASE.floor(self._clock.now()))
        at = -(-opened_from // BASE.seconds) * BASE.seconds
        while at < end:
            before = min(at + _N_PER_PAGE * BASE.seconds, end)
            yield Page(at, before, await asyncio.to_thread(self._market.candles, at, before))
            at = before

    async def fetch_candles(self, symbol: str, *, opened_from: int, opened_before: int) -> Candles:
        """Return the closed candles opened in [opened_from, opened_before), oldest first."""
        pages = self.pages(symbol, opened_from=opened_from, opened_before=opened_before)
        return Candles.concat([page.candles async for page in pages])

    async def fetch_price(self, symbol: str) -> PriceTick:
        """Return the price now."""
        del symbol
        at_ms = self._clock.now() * 1000
        return PriceTick(self._market.price_at(at_ms), at_ms, "simulated")

    async def watch_price(self, symbol: str) -> AsyncIterator[PriceTick]:
        """Yield the price every second, for ever."""
        while True:
            yield await self.fetch_price(symbol)
            await asyncio.sleep(self._tick_every_s)

    async def close(self) -> None:
        """Do nothing: nothing is open."""
