"""The feed: what streams rely on, on both databases."""

from __future__ import annotations

import asyncio

import pytest

from btcforecast.core import Series
from btcforecast.core.errors import InputError
from btcforecast.store.database import Database
from btcforecast.store.feed import Feed

SERIES = Series("kraken", "BTC/USD")


async def test_events_are_read_in_order_from_where_one_stopped(database: Database):
    async with database.transaction() as connection:
        feed = Feed(connection)
        assert (await feed.first_event_id(), await feed.last_event_id()) == (0, 0)
        ids = [await feed.append_event("settlement", {"n": n}, at=100 + n) for n in range(4)]
    async with database.read() as connection:
        feed = Feed(connection)
        assert [event.body["n"] for event in await feed.events_after(ids[1])] == [2, 3]
        assert [event.id for event in await feed.events_after(0, limit=2)] == ids[:2]
        assert await feed.last_event_id() == ids[-1]


async def test_an_event_seen_late_has_a_higher_id_than_one_seen_before(database: Database):
    """A writer that drew its id first but commits last would be skipped by every reader; so writers wait in turn."""
    drawn, may_end = asyncio.Event(), asyncio.Event()

    async def slow() -> int:
        async with database.transaction() as connection:
            found = await Feed(connection).append_event("market", {"who": "slow"}, at=1)
            drawn.set()
            await may_end.wait()
            return found

    async def quick() -> int:
        await drawn.wait()
        async with database.transaction() as connection:
            return await Feed(connection).append_event("market", {"who": "quick"}, at=1)

    first, second = asyncio.create_task(slow()), asyncio.create_task(quick())
    await drawn.wait()
    finished, _ = await asyncio.wait({second}, timeout=0.3)
    assert not finished
    async with database.read() as connection:
        assert await Feed(connection).events_after(0) == []
    may_end.set()
    assert await first < await second


async def test_old_events_go_but_the_last_id_stays_known(database: Database):
    async with database.transaction() as connection:
        feed = Feed(connection)
        ids = [await feed.append_event("market", {}, at=at) for at in (10, 20, 30)]
        assert await feed.drop_events(created_before=100) == 2
        assert await feed.last_event_id() == ids[-1]
        assert await feed.append_event("market", {}, at=40) > ids[-1]
        with pytest.raises(InputError, match="not a kind of event"):
            await feed.append_event("gossip", {}, at=50)


async def test_an_older_trade_never_replaces_a_newer_one(database: Database):
    async with database.transaction() as connection:
        feed = Feed(connection)
        for price, at in ((100.0, 2000), (99.0, 1000), (101.0, 2500)):
            await feed.set_price(SERIES, price, traded_at_ms=at, via="poll")
            if at == 1000:
                assert [live.price for live in await feed.prices()] == [100.0]
        (live,) = await feed.prices()
        assert (live.series, live.price, live.traded_at_ms) == (SERIES, 101.0, 2500)
