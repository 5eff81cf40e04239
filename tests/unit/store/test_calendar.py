from __future__ import annotations

import random

import pytest

from btcforecast.core import NO_EVENTS, Calendar, ScheduledEvent
from btcforecast.core.errors import InputError
from btcforecast.store.calendar import LARGEST_CALENDAR, CalendarChange, CalendarFile, CalendarStore
from btcforecast.store.database import Database

START, HOUR, DAY = 1_764_547_200, 3600, 86400
FOMC = ScheduledEvent(START + 9 * DAY, "fomc")
CPI = ScheduledEvent(START + 17 * DAY, "cpi")
NFP = ScheduledEvent(START + 17 * DAY, "nfp", announced_at=START)


async def change(database: Database, do: str, calendar: Calendar, *, at: int) -> CalendarChange:
    async with database.transaction() as connection:
        store = CalendarStore(connection)
        if do == "withdraw":
            return await store.withdraw(calendar.events, at=at)
        return await (store.replace if do == "replace" else store.merge)(calendar, at=at)


async def read(database: Database, *, known_at: int | None = None) -> Calendar:
    async with database.read() as connection:
        return await CalendarStore(connection).read(known_at=known_at)


async def test_an_empty_store_has_no_events(database: Database):
    assert await read(database) == NO_EVENTS
    assert await read(database, known_at=START) == NO_EVENTS
    async with database.read() as connection:
        assert await CalendarStore(connection).changed_at() is None


async def test_a_merge_adds_and_a_replacement_takes_out_what_it_does_not_have(database: Database):
    assert await change(database, "merge", Calendar.of([FOMC]), at=START) == CalendarChange(1, 0, 0)
    assert await change(database, "merge", Calendar.of([CPI, NFP]), at=START) == CalendarChange(2, 0, 1)
    assert await read(database) == Calendar.of([FOMC, CPI, NFP])
    assert await change(database, "replace", Calendar.of([CPI, FOMC]), at=START) == CalendarChange(0, 1, 2)
    assert await read(database) == Calendar.of([FOMC, CPI])
    async with database.read() as connection:
        assert await CalendarStore(connection).changed_at() == START


async def test_the_same_events_again_change_nothing(database: Database):
    await change(database, "merge", Calendar.of([FOMC, CPI]), at=START)
    for do in ("merge", "replace"):
        changed = await change(database, do, Calendar.of([FOMC, CPI]), at=START + HOUR)
        assert not changed
        assert changed.n_same == 2
    async with database.read() as connection:
        assert await CalendarStore(connection).changed_at() == START


async def test_a_corrected_announcement_takes_the_place_of_the_old_one_from_then_on(database: Database):
    await change(database, "merge", Calendar.of([CPI]), at=START)
    corrected = ScheduledEvent(CPI.at, CPI.kind, announced_at=START - DAY)
    assert await change(database, "merge", Calendar.of([corrected]), at=START + HOUR) == CalendarChange(1, 1, 0)
    assert await read(database) == Calendar.of([corrected])
    assert await read(database, known_at=START + HOUR) == Calendar.of([CPI])
    assert await read(database, known_at=START + HOUR + 1) == Calendar.of([corrected])


async def test_within_the_second_of_a_change_everybody_still_reads_the_calendar_before_it(database: Database):
    await change(database, "merge", Calendar.of([FOMC]), at=START)
    assert await read(database, known_at=START) == NO_EVENTS
    await change(database, "withdraw", Calendar.of([FOMC]), at=START + 5)
    assert await read(database, known_at=START + 5) == Calendar.of([FOMC])
    assert await read(database, known_at=START + 6) == NO_EVENTS


async def test_an_event_that_is_not_there_cannot_be_withdrawn_twice_or_as_another(database: Database):
    await change(database, "merge", Calendar.of([FOMC]), at=START)
    other = ScheduledEvent(FOMC.at, "fomc", announced_at=START)
    assert await change(database, "withdraw", Calendar.of([CPI, other]), at=START + 1) == CalendarChange(0, 0, 1)
    assert await change(database, "withdraw", Calendar.of([FOMC]), at=START + 2) == CalendarChange(0, 1, 0)
    assert await change(database, "withdraw", Calendar.of([FOMC]), at=START + 3) == CalendarChange(0, 0, 0)


async def test_what_the_calendar_said_at_any_instant_is_what_somebody_wrote_down_then(database: Database):
    """The slow twin keeps a copy of the whole calendar for every second."""
    choose = random.Random(5)
    pool = [
        ScheduledEvent(START + day * DAY, kind, announced_at=announced)
        for day in range(1, 6)
        for kind in ("fomc", "cpi")
        for announced in (0, START)
    ]
    twin: dict[tuple[str, int], ScheduledEvent] = {}
    written_down: dict[int, Calendar] = {}
    now = START
    for _ in range(40):
        some = Calendar.of(choose.sample(pool, choose.randint(1, 6)))
        do = choose.choice(["merge", "merge", "replace", "withdraw"])
        await change(database, do, some, at=now)
        if do == "withdraw":
            twin = {key: event for key, event in twin.items() if event not in some.events}
        else:
            twin = {**(twin if do == "merge" else {}), **{(event.kind, event.at): event for event in some.events}}
        # Several changes may fall into one second.
        seconds = choose.choice([0, 1, 3])
        for second in range(now + 1, now + seconds + 1):
            written_down[second] = Calendar.of(twin.values())
        now += seconds
        assert await read(database) == Calendar.of(twin.values())
    for second, calendar in written_down.items():
        assert await read(database, known_at=second) == calendar


async def test_a_calendar_that_is_far_too_large_is_refused(database: Database):
    many = Calendar(tuple(ScheduledEvent(START + 300 * step, "fomc") for step in range(LARGEST_CALENDAR + 1)))
    with pytest.raises(InputError, match="at most 10,000"):
        await change(database, "merge", many, at=START)
    assert await read(database) == NO_EVENTS


async def test_how_the_file_is_replaces_how_it_was(database: Database):
    async with database.transaction() as connection:
        store = CalendarStore(connection)
        assert await store.file() is None
        for file in (CalendarFile("a.csv", "line 2: …", START), CalendarFile("b.csv", None, START + 1)):
            await store.say_file(file)
            await store.say_file(file)
            assert await store.file() == file
        await store.say_file(None)
        assert await store.file() is None
