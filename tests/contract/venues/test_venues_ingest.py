"""Ingest against the local exchange: resuming, fallback and belief, stale marking, gaps, revisions; on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path

import pytest
from exchange.app import LocalExchange
from exchange.desk import Prank

from btcforecast.core import BASE, ManualClock, Series
from btcforecast.core.errors import InputError
from btcforecast.market.ingest import Ingest, IngestPolicy
from btcforecast.market.report import IngestReport, Progress
from btcforecast.market.venues import CcxtVenue
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.venues import VenueStates

OpenVenue = Callable[..., CcxtVenue]
DAY = 86400
SERIES = Series("coinbase", "BTC/USD")
DOWN = Prank("status", 451, on=None)
FALLBACKS = ("kraken", "bitstamp", "binance")


class Desk:
    """An ingest of coinbase with fallbacks, its store, and the clock that it runs by."""

    def __init__(self, database: Database, exchange: LocalExchange, open_venue: OpenVenue, clock: ManualClock) -> None:
        self.database, self.exchange, self.open_venue, self.clock = database, exchange, open_venue, clock
        self.ingest = self.restarted()

    def restarted(self, **options: object) -> Ingest:
        venues = [self.open_venue(name) for name in ("coinbase", *FALLBACKS)]
        return Ingest(self.database, venues, self.clock, **options)  # type: ignore[arg-type]

    async def catch_up(self, *, days: float = 1) -> IngestReport:
        return await self.ingest.catch_up(SERIES, since=self.clock.now() - int(days * DAY))

    async def stored(self, *, known_at: int | None = None):
        async with self.database.read() as connection:
            return await CandleStore(connection).read(SERIES, known_at=known_at)

    async def lenders(self) -> tuple[str, ...]:
        async with self.database.read() as connection:
            lent = await CandleStore(connection).borrowed(SERIES, opened_from=0, opened_before=self.clock.now())
        return tuple(series.venue for series in lent)

    def down(self, *names: str) -> None:
        for name in names:
            self.exchange.desks[name].always = DOWN

    def pass_time(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @property
    def newest_close(self) -> int:
        return BASE.floor(self.clock.now())


@pytest.fixture
async def desk(tmp_path: Path, exchange: LocalExchange, open_venue: OpenVenue, clock: ManualClock) -> AsyncIterator[Desk]:
    database = Database(f"sqlite:///{tmp_path}/test.db")
    await database.migrate()
    yield Desk(database, exchange, open_venue, clock)
    await database.close()


@pytest.fixture
def desk_on_each(database: Database, exchange: LocalExchange, open_venue: OpenVenue, clock: ManualClock) -> Desk:
    """Once on SQLite and once on PostgreSQL, for the tests that touch every table."""
    return Desk(database, exchange, open_venue, clock)


async def test_the_first_run_fetches_history_and_reports_its_progress(desk: Desk):
    seen: list[Progress] = []
    ingest = desk.restarted(on_progress=seen.append)
    report = await ingest.catch_up(SERIES, since=desk.clock.now() - 3 * DAY)
    assert report.n_new == 3 * DAY // 300
    assert report.as_of == desk.newest_close
    assert not report.is_stale
    assert [earlier.reached < later.reached for earlier, later in pairwise(seen)] == [True, True]
    assert (seen[-1].reached, seen[-1].n_new) == (desk.newest_close, report.n_new)


async def test_a_second_run_resumes_and_reads_the_newest_hours_again(desk_on_each: Desk):
    desk = desk_on_each
    await desk.catch_up()
    desk.pass_time(1800)
    n_asked = desk.exchange.desks["coinbase"].count("candles")
    report = await desk.catch_up()
    assert (report.n_new, report.n_revised, report.tallies["coinbase"].n_same) == (6, 0, 6 * 12)
    assert desk.exchange.desks["coinbase"].count("candles") == n_asked + 1


async def test_pages_before_a_failure_stay_and_the_next_run_goes_on_from_there(desk: Desk):
    coinbase = desk.exchange.desks["coinbase"]
    for name in FALLBACKS:
        desk.down(name)
    coinbase.frozen_at = desk.newest_close - 3 * DAY + 2 * 299 * 300 - 300
    await desk.catch_up(days=3)
    assert len(await desk.stored()) == 2 * 299
    coinbase.frozen_at = None
    n_asked = coinbase.count("candles")
    report = await desk.catch_up(days=3)
    assert len(await desk.stored()) == 3 * DAY // 300
    assert report.tallies["coinbase"].n_new == 3 * DAY // 300 - 2 * 299
    assert coinbase.count("candles") - n_asked == 2


async def test_a_call_that_fails_halfway_keeps_what_came_before(desk: Desk):
    desk.down(*FALLBACKS)
    coinbase = desk.exchange.desks["coinbase"]
    ingest = desk.restarted(on_progress=lambda _: coinbase.spoil(Prank("status", 418)))
    report = await ingest.catch_up(SERIES, since=desk.clock.now() - 3 * DAY)
    assert "418" in (report.tallies["coinbase"].error or "")
    assert len(await desk.stored()) == 299


async def test_older_history_is_fetched_when_it_is_asked_for_later(desk: Desk):
    await desk.catch_up(days=1)
    report = await desk.catch_up(days=2)
    assert report.n_new == DAY // 300
    assert (await desk.stored()).missing().size == 0


async def test_history_before_the_venues_first_candle_is_asked_for_once(desk: Desk):
    coinbase = desk.exchange.desks["coinbase"]
    opening = desk.newest_close - DAY
    coinbase.missing = set(range(opening - 5 * DAY, opening, 300))
    await desk.catch_up(days=5)
    n_asked = coinbase.count("candles")
    await desk.catch_up(days=5)
    assert coinbase.count("candles") == n_asked + 1


async def test_the_next_venue_in_order_lends_when_the_own_one_is_away(desk: Desk):
    await desk.catch_up()
    desk.pass_time(3600)
    desk.down("coinbase")
    report = await desk.catch_up()
    assert report.lent_by == ("kraken",)
    assert report.as_of == desk.newest_close
    assert not report.is_stale
    assert await desk.lenders() == ("kraken",)
    assert desk.exchange.desks["bitstamp"].requests == []


async def test_when_the_next_is_away_too_the_one_after_it_lends(desk: Desk):
    await desk.catch_up()
    desk.pass_time(3600)
    desk.down("coinbase", "kraken")
    report = await desk.catch_up()
    assert report.lent_by == ("bitstamp",)
    assert "451" in (report.tallies["kraken"].error or "")


async def test_an_own_venue_that_answers_but_stands_still_is_lent_to_as_well(desk: Desk):
    await desk.catch_up()
    desk.exchange.desks["coinbase"].frozen_at = desk.newest_close - 300
    desk.pass_time(600)
    assert (await desk.catch_up()).lent_by == ()
    desk.pass_time(1200)
    assert (await desk.catch_up()).lent_by == ("kraken",)


@pytest.mark.parametrize("factor", [1.03, 0.97, 10.0, 0.001])
async def test_a_fallback_whose_prices_are_off_is_not_believed_and_that_is_recorded(desk: Desk, factor: float):
    await desk.catch_up()
    desk.pass_time(3600)
    desk.down("coinbase")
    desk.exchange.desks["kraken"].price_factor = factor
    report = await desk.catch_up()
    assert "off the known ones" in (report.tallies["kraken"].disbelief or "")
    assert report.lent_by == ("bitstamp",)
    assert await desk.lenders() == ("bitstamp",)


async def test_a_dollar_token_a_little_off_the_dollar_is_believed(desk: Desk):
    await desk.catch_up()
    desk.pass_time(3600)
    desk.down("coinbase", "kraken", "bitstamp")
    desk.exchange.desks["binance"].price_factor = 1.004
    assert (await desk.catch_up()).lent_by == ("binance",)


async def test_a_fallback_that_jumps_in_the_middle_is_not_believed(desk: Desk):
    await desk.catch_up()
    desk.pass_time(3600)
    desk.down("coinbase")
    desk.exchange.desks["kraken"].revised = {desk.newest_close - 900: 2.0}
    report = await desk.catch_up()
    assert "jumps" in (report.tallies["kraken"].disbelief or "")
    assert report.lent_by == ("bitstamp",)


async def test_without_any_known_price_nobody_lends(desk: Desk):
    desk.down("coinbase")
    report = await desk.catch_up()
    assert report.as_of is None
    assert report.is_stale
    assert report.lent_by == ()
    assert any("nothing to check its prices against" in note for note in report.notes)


async def test_when_nobody_answers_the_cached_data_are_marked_with_their_age(desk: Desk):
    await desk.catch_up()
    as_of = desk.newest_close
    desk.pass_time(2 * 3600)
    desk.down("coinbase", *FALLBACKS)
    report = await desk.catch_up()
    assert report.is_stale
    assert report.stale_since == as_of
    assert report.as_dict()["stale_since"] is not None
    assert len(await desk.stored()) == DAY // 300


async def test_own_candles_take_the_place_of_lent_ones_when_the_venue_is_back(desk_on_each: Desk):
    desk = desk_on_each
    await desk.catch_up()
    desk.pass_time(12 * 3600)
    desk.down("coinbase")
    await desk.catch_up()
    assert await desk.lenders() == ("kraken",)
    desk.exchange.desks["coinbase"].recover()
    desk.pass_time(7 * 3600)
    assert (await desk.catch_up()).lent_by == ()
    # What is older than the hours that are read again waits for the refill.
    assert await desk.lenders() == ("kraken",)
    report = await desk.ingest.refill_gaps(SERIES)
    assert await desk.lenders() == ()
    assert report.tallies["coinbase"].error is None


async def test_gaps_are_found_and_refilled_later(desk_on_each: Desk):
    desk = desk_on_each
    coinbase = desk.exchange.desks["coinbase"]
    hole = desk.newest_close - 10 * 3600
    coinbase.missing = {hole, hole + 300}
    await desk.catch_up()
    assert set((await desk.stored()).missing().tolist()) == {hole, hole + 300}
    await desk.ingest.refill_gaps(SERIES)
    coinbase.missing = {hole + 300}
    desk.pass_time(3600)
    report = await desk.ingest.refill_gaps(SERIES)
    assert report.n_new == 1
    assert (await desk.stored()).missing().tolist() == [hole + 300]


async def test_a_gap_that_the_venue_never_fills_is_asked_for_ever_more_rarely_and_then_no_more(desk_on_each: Desk):
    desk = desk_on_each
    coinbase = desk.exchange.desks["coinbase"]
    coinbase.missing = {desk.newest_close - 10 * 3600}
    await desk.catch_up()
    hours = (0, 0.9, 1, 4.9, 5, 20, 21, 84, 85, 400, 4000)
    asked_after_hours = []
    began_at = desk.clock.now()
    for hour in hours:
        desk.clock.at = began_at + int(hour * 3600)
        n_asked = coinbase.count("candles")
        await desk.ingest.refill_gaps(SERIES)
        if coinbase.count("candles") > n_asked:
            asked_after_hours.append(hour)
    assert asked_after_hours == [0, 1, 5, 21, 85]


async def test_what_lies_beyond_the_venues_reach_is_not_asked_for(desk: Desk):
    kraken = Series("kraken", "BTC/USD")
    report = await desk.ingest.catch_up(kraken, since=desk.clock.now() - 30 * DAY)
    assert report.n_new == 719
    assert any("only gives its newest 720 candles" in note for note in report.notes)
    desk.exchange.desks["kraken"].missing = {desk.newest_close + 3600}
    desk.pass_time(2 * 3600)
    await desk.ingest.catch_up(kraken, since=desk.clock.now() - 30 * DAY)
    desk.pass_time(4 * DAY)
    n_asked = desk.exchange.desks["kraken"].count("candles")
    await desk.ingest.refill_gaps(kraken)
    assert desk.exchange.desks["kraken"].count("candles") == n_asked


async def test_a_revised_candle_is_recorded_as_revised(desk_on_each: Desk):
    desk = desk_on_each
    coinbase = desk.exchange.desks["coinbase"]
    await desk.catch_up()
    before = desk.clock.now()
    revised = desk.newest_close - 3600
    coinbase.revised = {revised: 1.001}
    desk.pass_time(300)
    report = await desk.catch_up()
    assert (report.n_revised, report.n_new) == (1, 1)
    new, old = await desk.stored(), await desk.stored(known_at=before)
    assert new.close_at(revised + 300) == pytest.approx((old.close_at(revised + 300) or 0) * 1.001)


async def test_rejected_candles_are_reported_and_never_stored(desk: Desk):
    bad = desk.newest_close - 3600
    desk.exchange.desks["coinbase"].broken = {bad: "impossible"}
    report = await desk.catch_up()
    assert dict(report.tallies["coinbase"].n_rejected) == {"impossible": 1}
    assert (await desk.stored()).missing().tolist() == [bad]


async def test_how_the_venues_are_doing_is_stored_for_other_processes(desk_on_each: Desk):
    desk = desk_on_each
    await desk.catch_up()
    desk.pass_time(600)
    desk.down("coinbase")
    await desk.catch_up()
    async with desk.database.read() as connection:
        states = {state.venue: state for state in await VenueStates(connection).all()}
    assert (states["coinbase"].breaker, states["kraken"].breaker) == ("open", "closed")
    assert states["coinbase"].retry_at == desk.clock.now() + 6 * 3600
    assert states["coinbase"].last_success_at == desk.clock.now() - 600
    assert "451" in (states["coinbase"].last_error or "")


async def test_a_restart_does_not_run_into_the_same_ban_again(desk: Desk):
    await desk.catch_up()
    desk.pass_time(600)
    desk.exchange.desks["coinbase"].spoil(Prank("status", 418))
    await desk.catch_up()
    n_asked = len(desk.exchange.desks["coinbase"].requests)
    desk.ingest = desk.restarted()
    desk.pass_time(300)
    report = await desk.catch_up()
    assert len(desk.exchange.desks["coinbase"].requests) == n_asked
    assert "left alone until" in (report.tallies["coinbase"].error or "")


async def test_a_series_of_a_venue_that_is_not_open_is_refused(desk: Desk):
    with pytest.raises(InputError, match="okx is not among"):
        await desk.ingest.catch_up(Series("okx", "BTC/USD"), since=0)


async def test_patience_decides_when_cached_data_count_as_stale(desk: Desk):
    desk.ingest = desk.restarted(policy=IngestPolicy(patience_s=3 * 3600))
    await desk.catch_up()
    desk.pass_time(2 * 3600)
    desk.down("coinbase", *FALLBACKS)
    assert not (await desk.catch_up()).is_stale
