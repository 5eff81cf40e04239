"""The calendar of scheduled events, and what health says of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from seeded_store import NOW

from btcforecast.core import Calendar, ManualClock, ScheduledEvent, to_rfc3339
from btcforecast.forecasts.calendar import replace_calendar
from btcforecast.store.calendar import CalendarFile, CalendarStore
from btcforecast.store.database import Database

pytestmark = pytest.mark.asyncio(loop_scope="session")

FIRST = NOW - NOW % 300
DAY = 86400
EVENTS = [
    ScheduledEvent(FIRST - 2 * DAY, "fomc"),
    ScheduledEvent(FIRST - DAY, "cpi"),
    ScheduledEvent(FIRST + DAY, "cpi", announced_at=FIRST - 9 * DAY),
    ScheduledEvent(FIRST + DAY, "nfp"),
    ScheduledEvent(FIRST + 9 * DAY, "fomc"),
]
Tell = Callable[..., Awaitable[Any]]


@pytest.fixture
async def tell(tmp_path: Path) -> Tell:
    """Make a store with these events, and a file in this state."""

    async def fill(*events: ScheduledEvent, file: CalendarFile | None = None) -> Any:
        url = f"sqlite:///{tmp_path}/calendar.db"
        database = Database(url)
        await database.migrate()
        await replace_calendar(database, Calendar.of(events), clock=ManualClock(NOW - 60))
        async with database.transaction() as connection:
            await CalendarStore(connection).say_file(file)
        await database.close()
        return SimpleNamespace(url=url, key_file=tmp_path / "none.key")

    return fill


async def test_no_calendar_is_an_empty_answer_and_no_fault(run_app: Callable[..., Any], tell: Tell):
    async with run_app(await tell()) as client:
        answer = await client.get("/v1/calendar")
        health = (await client.get("/health/detailed")).json()["components"]["calendar"]
    assert answer.status_code == 200
    assert answer.json() == {
        "events": [],
        "next_from": None,
        "kinds": [],
        "n_events": 0,
        "n_ahead": 0,
        "next_at": None,
        "last_at": None,
        "changed_at": None,
        "has_run_out": False,
    }
    assert (health["status"], health["facts"]["events"]) == ("ok", 0)


async def test_events_are_listed_and_the_calendar_summed_up(run_app: Callable[..., Any], tell: Tell):
    async with run_app(await tell(*EVENTS)) as client:
        found = (await client.get("/v1/calendar")).json()
        chosen = (await client.get("/v1/calendar", params={"from": to_rfc3339(NOW), "kind": "cpi"})).json()
        until = (await client.get("/v1/calendar", params={"to": to_rfc3339(FIRST - DAY)})).json()
        health = (await client.get("/health/detailed")).json()["components"]["calendar"]
    assert [(event["kind"], event["is_ahead"]) for event in found.pop("events")] == [
        *(("fomc", False), ("cpi", False)),
        *(("cpi", True), ("nfp", True), ("fomc", True)),
    ]
    assert found == {
        "next_from": None,
        "kinds": ["cpi", "fomc", "nfp"],
        "n_events": 5,
        "n_ahead": 3,
        "next_at": to_rfc3339(FIRST + DAY),
        "last_at": to_rfc3339(FIRST + 9 * DAY),
        "changed_at": to_rfc3339(NOW - 60),
        "has_run_out": False,
    }
    assert chosen["events"] == [
        {
            "kind": "cpi",
            "at": to_rfc3339(FIRST + DAY),
            "announced_at": to_rfc3339(FIRST - 9 * DAY),
            "is_ahead": True,
        }
    ]
    assert (chosen["n_events"], [event["kind"] for event in until["events"]]) == (5, ["fomc"])
    assert (health["status"], health["facts"]["events_ahead"], health["facts"]["age_s"]) == ("ok", 3, 60)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 9])
async def test_pages_go_through_all_events_once(run_app: Callable[..., Any], tell: Tell, limit: int):
    seen, begin = [], None
    async with run_app(await tell(*EVENTS)) as client:
        for _ in range(len(EVENTS)):
            params = {"limit": limit} if begin is None else {"limit": limit, "from": begin}
            page = (await client.get("/v1/calendar", params=params)).json()
            seen += [(event["at"], event["kind"]) for event in page["events"]]
            begin = page["next_from"]
            if begin is None:
                break
    assert seen == [(to_rfc3339(event.at), event.kind) for event in EVENTS]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=yesterday", "is not an instant"),
        ("from=2025-12-05&to=2025-12-04", "The span is empty"),
        ("kind=Rate%20decision", "kind"),
        ("limit=0", "limit"),
        ("symbol=BTC/USD", "There is no parameter"),
    ],
)
async def test_what_cannot_be_asked_is_refused(run_app: Callable[..., Any], tell: Tell, query: str, words: str):
    async with run_app(await tell()) as client:
        answer = await client.get(f"/v1/calendar?{query}")
    assert answer.status_code == 422
    assert words in answer.text


async def test_a_calendar_that_has_run_out_and_a_broken_file_show_in_health(run_app: Callable[..., Any], tell: Tell):
    async with run_app(await tell(*EVENTS[:2])) as client:
        assert (await client.get("/v1/calendar")).json()["has_run_out"]
        health = (await client.get("/health/detailed")).json()["components"]["calendar"]
        assert (health["status"], health["facts"]["has_run_out"]) == ("degraded", True)
        assert health["reason"] == f"The calendar has run out: its last event was at {to_rfc3339(FIRST - DAY)}."
    file = CalendarFile("events.csv", "There is no file events.csv.", NOW - 600)
    async with run_app(await tell(*EVENTS, file=file)) as client:
        health = (await client.get("/health/detailed")).json()["components"]["calendar"]
        assert health["status"] == "degraded"
        assert health["reason"].endswith("the calendar's file cannot be used: There is no file events.csv.")
        assert (await client.get("/v1/calendar")).json()["n_events"] == 5


async def test_an_answer_that_is_known_is_not_sent_again(run_app: Callable[..., Any], tell: Tell):
    async with run_app(await tell(*EVENTS)) as client:
        tag = (await client.get("/v1/calendar")).headers["etag"]
        assert (await client.get("/v1/calendar", headers={"if-none-match": tag})).status_code == 304
