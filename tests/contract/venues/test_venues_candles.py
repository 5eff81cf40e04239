"""Every venue gives the same checked candles, whatever its protocol, and nothing that cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import ccxt.pro
import pytest
from exchange.app import LocalExchange

from btcforecast.core import BASE, Candles, ManualClock
from btcforecast.core.errors import VenueError
from btcforecast.market.venues import CcxtVenue

OpenVenue = Callable[..., CcxtVenue]

SPAN = 36 * 3600
"""Long enough for several pages at every venue but kraken, within the reach of all."""


async def _all(venue: CcxtVenue, clock: ManualClock, span: int = SPAN) -> Candles:
    start = BASE.floor(clock.now()) - span
    return await venue.fetch_candles("BTC/USD", opened_from=start, opened_before=clock.now())


async def test_history_comes_whole_and_in_order_without_the_candle_still_forming(
    name: str, exchange: LocalExchange, open_venue: OpenVenue, clock: ManualClock
):
    start = BASE.floor(clock.now()) - SPAN
    candles = await open_venue(name).fetch_candles("BTC/USD", opened_from=start, opened_before=clock.now() + 9999)
    assert candles.opened_at.tolist() == list(range(start, BASE.floor(clock.now()), 300))
    tape = exchange.desks[name].tape
    for row in (0, len(candles) // 2, len(candles) - 1):
        _at, *values = tape.row(int(candles.opened_at[row]))
        found = [float(column[row]) for column in (candles.open, candles.high, candles.low, candles.close, candles.volume)]
        assert found == pytest.approx(values)


async def test_long_history_is_asked_for_in_pages_of_the_venues_size(
    name: str, exchange: LocalExchange, open_venue: OpenVenue, clock: ManualClock
):
    await _all(open_venue(name), clock)
    n_per_page = {"binance": 1000, "bitstamp": 1000, "coinbase": 299, "kraken": 720, "okx": 100}[name]
    assert exchange.desks[name].count("candles") == -(-SPAN // 300 // n_per_page)


async def test_markets_are_loaded_once(name: str, exchange: LocalExchange, open_venue: OpenVenue, clock: ManualClock):
    venue = open_venue(name)
    await _all(venue, clock)
    n_loaded = exchange.desks[name].count("markets")
    await _all(venue, clock)
    assert exchange.desks[name].count("markets") == n_loaded


async def test_calls_that_begin_at_once_share_one_instance(
    open_venue: OpenVenue, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
):
    kraken, n_built = ccxt.pro.kraken, []
    monkeypatch.setattr(ccxt.pro, "kraken", lambda options: n_built.append(1) or kraken(options))
    venue = open_venue("kraken")
    await asyncio.gather(venue.fetch_price("BTC/USD"), _all(venue, clock))
    assert len(n_built) == 1


async def test_kraken_reaches_no_further_back_than_720_candles(open_venue: OpenVenue, clock: ManualClock):
    candles = await _all(open_venue("kraken"), clock, span=30 * 86400)
    assert len(candles) == 719


async def test_a_venue_without_dollars_gives_its_dollar_token(open_venue: OpenVenue):
    assert await open_venue("binance").listed_as("BTC/USD") == "BTC/USDT"
    assert await open_venue("coinbase").listed_as("BTC/USD") == "BTC/USD"


async def test_an_unknown_symbol_is_refused_without_blaming_the_venue(name: str, open_venue: OpenVenue, clock: ManualClock):
    venue = open_venue(name)
    for _ in range(4):
        with pytest.raises(VenueError, match="does not list DOGE/EUR"):
            await venue.fetch_candles("DOGE/EUR", opened_from=clock.now() - 900, opened_before=clock.now())
    assert venue.state.breaker == "closed"
    assert len(await _all(venue, clock, span=3600)) == 12


@pytest.mark.parametrize("fault", ["impossible", "none", "text", "nan", "off_grid", "future"])
async def test_a_broken_candle_is_left_out_and_counted(
    name: str, fault: str, exchange: LocalExchange, open_venue: OpenVenue, clock: ManualClock
):
    bad = BASE.floor(clock.now()) - 3600
    exchange.desks[name].broken[bad] = fault
    start = BASE.floor(clock.now()) - 7200
    pages = [page async for page in open_venue(name).pages("BTC/USD", opened_from=start, opened_before=clock.now())]
    opened = [int(at) for page in pages for at in page.candles.opened_at]
    assert opened == [at for at in range(start, BASE.floor(clock.now()), 300) if at != bad]
    reason = {"none": "unreadable", "text": "unreadable", "nan": "unreadable"}.get(fault, fault)
    assert [dict(page.n_rejected) for page in pages] == [{reason: 1}]


async def test_rejected_rows_are_counted_by_reason(name: str, exchange: LocalExchange, open_venue: OpenVenue, clock: ManualClock):
    start = BASE.floor(clock.now()) - 7200
    exchange.desks[name].broken = {start + 300: "impossible", start + 900: "none", start + 1500: "off_grid"}
    pages = [page async for page in open_venue(name).pages("BTC/USD", opened_from=start, opened_before=clock.now())]
    assert dict(pages[0].n_rejected) == {"impossible": 1, "unreadable": 1, "off_grid": 1}


async def test_the_same_row_twice_counts_once(name: str, exchange: LocalExchange, open_venue: OpenVenue, clock: ManualClock):
    exchange.desks[name].is_doubling = True
    candles = await _all(open_venue(name), clock, span=1200)
    assert len(candles) >= 2
    assert len(set(candles.opened_at.tolist())) == len(candles)


async def test_two_different_rows_for_one_instant_are_both_left_out(
    exchange: LocalExchange, open_venue: OpenVenue, clock: ManualClock
):
    exchange.desks["bitstamp"].is_contradicting = True
    candles = await _all(open_venue("bitstamp"), clock, span=7200)
    assert all(at % 2400 for at in candles.opened_at.tolist())
    assert len(candles) >= 20


async def test_candles_that_the_venue_does_not_have_are_not_made_up(
    name: str, exchange: LocalExchange, open_venue: OpenVenue, clock: ManualClock
):
    lost = {BASE.floor(clock.now()) - 3600 + 300 * k for k in range(3)}
    exchange.desks[name].missing = lost
    candles = await _all(open_venue(name), clock, span=7200)
    assert set(candles.missing().tolist()) == lost


async def test_a_candle_still_forming_by_the_venues_slower_clock_is_not_believed(
    name: str, exchange: LocalExchange, open_venue: OpenVenue, clock: ManualClock
):
    # Their clock is 100 s behind ours, and our newest candle closed 77 s ago: there it is still forming.
    exchange.desks[name].clock_skew_s = -100
    candles = await _all(open_venue(name), clock, span=3600)
    assert candles.as_of == BASE.floor(clock.now()) - 300


async def test_candles_from_a_clock_that_is_ahead_wait_until_they_have_closed_here(
    name: str, exchange: LocalExchange, open_venue: OpenVenue, clock: ManualClock
):
    exchange.desks[name].clock_skew_s = 700
    candles = await _all(open_venue(name), clock, span=3600)
    assert candles.as_of == BASE.floor(clock.now())


async def test_a_venue_that_tells_no_time_is_read_by_our_clock(
    name: str, exchange: LocalExchange, open_venue: OpenVenue, clock: ManualClock
):
    exchange.desks[name].tells_date = False
    candles = await _all(open_venue(name), clock, span=3600)
    assert candles.as_of == BASE.floor(clock.now())


async def test_the_newest_price_can_be_polled(name: str, exchange: LocalExchange, open_venue: OpenVenue, clock: ManualClock):
    tick = await open_venue(name).fetch_price("BTC/USD")
    assert tick.via == "poll"
    assert tick.price == pytest.approx(exchange.desks[name].tape.close(BASE.floor(clock.now())), rel=1e-4)
    assert abs(tick.traded_at_ms - clock.now() * 1000) < 1000
