"""CALENDAR_FILE as the worker keeps up with it."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from btcforecast.core import Calendar, ManualClock, Origin, ScheduledEvent
from btcforecast.core.errors import InputError
from btcforecast.forecasts.calendar import known_calendar, merge_calendar
from btcforecast.forecasts.ledger import Ledger
from btcforecast.store.calendar import CalendarFile, CalendarStore
from btcforecast.store.database import Database
from btcforecast.telemetry.metrics import REGISTRY
from btcforecast.worker.calendar import keep_calendar, refresh_calendar

NOW = 1_764_547_200
"""2025-12-01T00:00:00Z"""
FOMC, CPI = ScheduledEvent(1_765_393_200, "fomc"), ScheduledEvent(1_766_064_600, "cpi")
ROWS = {FOMC: "fomc,2025-12-10T14:00:00-05:00\n", CPI: "cpi,2025-12-18T13:30:00Z\n"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.csv"


def write(path: Path, *events: ScheduledEvent, tail: str = "") -> None:
    path.write_text("kind,at\n" + "".join(ROWS[event] for event in events) + tail)


def metric(name: str) -> float | None:
    return REGISTRY.get_sample_value(f"btcforecast_calendar_{name}")


async def calendar_of(database: Database) -> Calendar:
    return await known_calendar(database, known_at=None)


async def file_of(database: Database) -> CalendarFile | None:
    async with database.read() as connection:
        return await CalendarStore(connection).file()


async def n_entries(database: Database) -> int:
    async with database.read() as connection:
        return await Ledger(connection, Origin.LIVE).size()


async def test_without_a_file_the_calendar_of_the_commands_stays(database: Database, clock: ManualClock):
    assert await keep_calendar(database, None, clock=clock) == "there is no CALENDAR_FILE."
    assert metric("events_ahead") == 0
    await merge_calendar(database, Calendar.of([FOMC]), clock=clock)
    clock.advance(300)
    await keep_calendar(database, None, clock=clock)
    assert await calendar_of(database) == Calendar.of([FOMC])
    assert (metric("events_ahead"), metric("age_seconds")) == (1, 300)


async def test_the_calendar_follows_its_file_and_an_unchanged_file_writes_nothing(
    database: Database, clock: ManualClock, path: Path
):
    write(path, FOMC)
    assert await keep_calendar(database, path, clock=clock) == "1 event added, 0 events withdrawn."
    clock.advance(300)
    assert await keep_calendar(database, path, clock=clock) == "0 events added, 0 events withdrawn."
    assert (metric("events_ahead"), metric("age_seconds"), await n_entries(database)) == (1, 300, 1)
    write(path, CPI)
    assert await keep_calendar(database, path, clock=clock) == "1 event added, 1 event withdrawn."
    assert await calendar_of(database) == Calendar.of([CPI])
    assert (metric("events_ahead"), metric("age_seconds"), await n_entries(database)) == (1, 0, 2)
    clock.at = CPI.at
    await keep_calendar(database, path, clock=clock)
    assert metric("events_ahead") == 0


async def test_a_broken_file_keeps_the_old_calendar_and_is_said_once_until_it_is_mended(
    database: Database, clock: ManualClock, path: Path
):
    write(path, FOMC, CPI)
    await keep_calendar(database, path, clock=clock)
    refused = metric("refusals_total") or 0
    write(path, FOMC, tail="cpi,2025-12-18T08:30:00\n")
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            clock.advance(300)
            told = await keep_calendar(database, path, clock=clock)
            assert "the calendar stays as it was" in told
            assert "line 3: at “2025-12-18T08:30:00” has no offset" in told
    assert await calendar_of(database) == Calendar.of([FOMC, CPI])
    assert [line["event"] for line in logs] == ["calendar.refused"]
    assert metric("refusals_total") == refused + 1
    found = await file_of(database)
    assert found is not None
    assert (found.path, found.since_at) == (str(path), NOW + 300)
    assert "line 3" in (found.fault or "")
    assert "There is no file" in await keep_calendar(database, path.with_suffix(".gone"), clock=clock)
    write(path, CPI)
    await keep_calendar(database, path, clock=clock)
    assert await calendar_of(database) == Calendar.of([CPI])
    assert await file_of(database) == CalendarFile(str(path), None, clock.at)
    await keep_calendar(database, None, clock=clock)
    assert await file_of(database) is None


async def test_refreshing_by_hand_raises_what_is_wrong_with_the_file(database: Database, clock: ManualClock, path: Path):
    write(path)
    with pytest.raises(InputError, match="a header and no events"):
        await refresh_calendar(database, path, clock=clock)
    write(path, FOMC)
    assert (await refresh_calendar(database, path, clock=clock)).n_added == 1
