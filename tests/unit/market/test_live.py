from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from itertools import count

import pytest

from btcforecast.core import Candles
from btcforecast.core.errors import InputError, VenueError
from btcforecast.market.live import LivePolicy, follow_prices
from btcforecast.market.venue import Page, PriceTick
from btcforecast.store.venues import VenueState

POLICY = LivePolicy(
    silence_s=0.03, n_breaks=2, first_wait_s=0.001, most_wait_s=0.002, poll_every_s=0.002, poll_for_s=0.02, tick_every_s=0.0
)


class ScriptedVenue:
    """Each stream follows the next line of its script: numbers are prices, then `break`, `silence` or `end`."""

    name = "scripted"
    n_reachable = None

    def __init__(self, *streams: list[float | str], polled: float | None = None) -> None:
        self.streams, self.polled = list(streams), polled
        self.n_streams = self.n_polls = self.n_closed = 0
        self._at_ms = count(1)

    @property
    def state(self) -> VenueState:
        return VenueState(self.name, "closed")

    def restore(self, state: VenueState) -> None: ...

    def pages(self, symbol: str, *, opened_from: int, opened_before: int) -> AsyncIterator[Page]:
        raise AssertionError("only prices are asked for", symbol, opened_from, opened_before)

    async def fetch_candles(self, symbol: str, *, opened_from: int, opened_before: int) -> Candles:
        raise AssertionError("only prices are asked for", symbol, opened_from, opened_before)

    async def watch_price(self, symbol: str) -> AsyncIterator[PriceTick]:
        del symbol
        self.n_streams += 1
        script = self.streams.pop(0) if self.streams else ["break"]
        try:
            for item in script:
                if item == "break":
                    raise VenueError("The stream broke.", venue=self.name)
                if item == "silence":
                    await asyncio.sleep(3600)
                if isinstance(item, float):
                    yield PriceTick(item, next(self._at_ms), "websocket")
        finally:
            self.n_closed += 1

    async def fetch_price(self, symbol: str) -> PriceTick:
        del symbol
        self.n_polls += 1
        if self.polled is None:
            raise VenueError("It does not answer.", venue=self.name)
        return PriceTick(self.polled + self.n_polls, next(self._at_ms), "poll")

    async def close(self) -> None: ...


async def take(venue: ScriptedVenue, n: int, policy: LivePolicy = POLICY) -> list[PriceTick]:
    ticks = []
    stream = follow_prices(venue, "BTC/USD", policy=policy, rng=random.Random(1))
    async with asyncio.timeout(5):
        async for tick in stream:
            ticks.append(tick)
            if len(ticks) == n:
                break
    await stream.aclose()
    return ticks


async def test_a_stream_that_breaks_is_opened_again():
    venue = ScriptedVenue([1.0, 2.0, "break"], [3.0, "break"], [4.0, "silence"])
    assert [tick.price for tick in await take(venue, 4)] == [1, 2, 3, 4]
    assert (venue.n_streams, venue.n_polls) == (3, 0)


async def test_a_silent_stream_is_dead_and_opened_again():
    venue = ScriptedVenue([1.0, "silence"], [2.0, "silence"], [3.0, "silence"])
    assert [tick.price for tick in await take(venue, 3)] == [1, 2, 3]
    assert venue.n_streams == 3


async def test_a_stream_that_ends_politely_is_opened_again():
    assert [tick.price for tick in await take(ScriptedVenue([1.0], [2.0]), 2)] == [1, 2]


async def test_polling_takes_over_after_streams_that_gave_nothing_and_the_stream_is_tried_again():
    venue = ScriptedVenue(["break"], ["silence"], [7.0, "silence"], polled=100.0)
    stream = follow_prices(venue, "BTC/USD", policy=POLICY, rng=random.Random(1))
    seen = []
    async with asyncio.timeout(5):
        async for tick in stream:
            seen.append(tick.via)
            if tick.via == "websocket":
                break
    await stream.aclose()
    assert seen[0] == "poll"
    assert venue.n_streams == 3


async def test_breaks_after_prices_do_not_add_up():
    venue = ScriptedVenue(*([float(k), "break"] for k in range(1, 9)), polled=100.0)
    assert [tick.via for tick in await take(venue, 8)] == ["websocket"] * 8


async def test_a_poll_that_fails_is_left_out():
    venue = ScriptedVenue(["break"], ["break"], [5.0, "silence"])
    assert [tick.price for tick in await take(venue, 1)] == [5.0]
    assert venue.n_polls > 1


async def test_trades_by_the_hundred_are_thinned_out():
    venue = ScriptedVenue([float(k) for k in range(1, 500)], [1000.0, "silence"])
    policy = LivePolicy(silence_s=1, first_wait_s=0.001, tick_every_s=3600)
    assert [tick.price for tick in await take(venue, 2, policy)] == [1.0, 1000.0]


async def test_whoever_stops_listening_closes_the_stream():
    venue = ScriptedVenue([1.0, 2.0, 3.0, "silence"])
    await take(venue, 2)
    assert (venue.n_streams, venue.n_closed) == (1, 1)


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_a_price_is_a_positive_number(price: float):
    with pytest.raises(InputError, match="positive number"):
        PriceTick(price, 1, "poll")
