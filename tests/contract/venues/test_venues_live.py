"""Live prices from every venue's websocket, and what happens when it breaks, falls silent or refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from exchange.desk import Desk, Prank

from btcforecast.core import ManualClock
from btcforecast.market.live import LivePolicy, follow_prices
from btcforecast.market.venue import PriceTick
from btcforecast.market.venues import CcxtVenue

OpenVenue = Callable[..., CcxtVenue]
POLICY = LivePolicy(
    silence_s=5.0, n_breaks=2, first_wait_s=0.01, most_wait_s=0.02, poll_every_s=0.01, poll_for_s=0.2, tick_every_s=0.0
)


async def _take(venue: CcxtVenue, n: int, policy: LivePolicy = POLICY) -> list[PriceTick]:
    ticks: list[PriceTick] = []
    stream = follow_prices(venue, "BTC/USD", policy=policy)
    async with asyncio.timeout(20):
        async for tick in stream:
            ticks.append(tick)
            if len(ticks) == n:
                break
    await stream.aclose()
    return ticks


async def test_trades_stream_from_every_venue(venue: CcxtVenue, desk: Desk, clock: ManualClock):
    ticks = await _take(venue, 4)
    assert {tick.via for tick in ticks} == {"websocket"}
    assert all(abs(tick.traded_at_ms - clock.now() * 1000) <= 1000 for tick in ticks)
    assert all(tick.price == pytest.approx(desk.tape.close(clock.now() - clock.now() % 300), rel=1e-3) for tick in ticks)
    assert desk.count("stream") == 1


async def test_a_cut_line_is_opened_again(venue: CcxtVenue, desk: Desk):
    desk.trades = "drop"
    ticks = await _take(venue, 7)
    assert {tick.via for tick in ticks} == {"websocket"}
    assert desk.count("stream") >= 3


async def test_a_silent_stream_gives_way_to_polling(venue: CcxtVenue, desk: Desk):
    desk.trades = "silent"
    ticks = await _take(venue, 1, replace(POLICY, silence_s=1.0))
    assert ticks[0].via == "poll"
    assert 1 <= desk.count("stream") <= 2


@pytest.mark.parametrize("trades", ["refuse", "garbage"])
async def test_a_stream_that_cannot_be_had_gives_way_to_polling(venue: CcxtVenue, desk: Desk, trades: str):
    desk.trades = trades  # type: ignore[assignment]
    assert (await _take(venue, 1, replace(POLICY, silence_s=1.0)))[0].via == "poll"


async def test_the_stream_takes_over_again_when_it_is_well(open_venue: OpenVenue, name: str, desk: Desk, clock: ManualClock):
    desk.trades = "refuse"
    stream = follow_prices(open_venue(name), "BTC/USD", policy=replace(POLICY, poll_for_s=0.05))
    seen = []
    async with asyncio.timeout(20):
        async for tick in stream:
            seen.append(tick.via)
            desk.trades = "flow"
            clock.advance(1)
            if tick.via == "websocket":
                break
    await stream.aclose()
    assert seen[0] == "poll"


async def test_markets_that_cannot_be_loaded_break_the_stream_too(venue: CcxtVenue, desk: Desk):
    desk.spoil(Prank("html", on="markets"))
    assert (await _take(venue, 1))[0].via == "websocket"
