from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcforecast.core import Calendar, ScheduledEvent, to_rfc3339
from btcforecast.core.errors import InputError
from btcforecast.market.files.calendar import read_calendar

NOW = 1_767_225_600
"""2026-01-01T00:00:00Z"""
FOMC = 1_769_626_800
"""2026-01-28T19:00:00Z, which is 14:00 in New York."""
ROOT = Path(__file__).parents[3]


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "calendar.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def read(folder: Path, text: str | bytes, *, now: int = NOW) -> Calendar:
    return read_calendar(written(folder, text), now=now)


def refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(folder, text)
    return str(caught.value)


@pytest.mark.parametrize(
    "at",
    [
        "2026-01-28T14:00:00-05:00",
        "2026-01-28T19:00:00Z",
        "2026-01-28 19:00Z",
        "2026-01-28t19:00:00.000z",
        "2026-01-29T00:45:00+05:45",
    ],
)
def test_an_instant_is_read_with_its_offset(tmp_path: Path, at: str):
    assert read(tmp_path, f"kind,at\nfomc,{at}\n").events == (ScheduledEvent(FOMC, "fomc"),)


def test_columns_come_in_any_order_and_blank_lines_quotes_and_byte_order_marks_do_no_harm(tmp_path: Path):
    text = '\ufeffAt, Kind ,announced_at\r\n\r\n"2026-01-28T19:00:00Z","fomc",\r\n2026-02-11T13:30:00Z,cpi,2026-01-05T00:00:00Z'
    assert read(tmp_path, text).events == (
        ScheduledEvent(FOMC, "fomc"),
        ScheduledEvent(1_770_816_600, "cpi", 1_767_571_200),
    )


def test_different_kinds_may_fall_on_one_minute(tmp_path: Path):
    text = "kind,at\ncpi,2026-02-11T13:30:00Z\nnfp,2026-02-11T13:30:00Z\n"
    assert read(tmp_path, text).kinds == ("cpi", "nfp")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("fomc,2026-01-28T14:00:00,", "has no offset from UTC"),
        ("fomc,2026-01-28,", "has no time of day"),
        ("fomc,2026-02-30T14:00:00Z,", "does not exist"),
        ("fomc,2026-01-28T24:30:00Z,", "does not exist"),
        ("fomc,2026-01-28T13:59:60Z,", "does not exist"),
        ("fomc,2026-01-28T14:00:00+15:00,", "further from UTC than any place on Earth"),
        ("fomc,28.1.2026 14:00,", "is not an instant"),
        ("fomc,20260128T140000Z,", "is not an instant"),
        ("fomc,2026-W05-3T14:00:00Z,", "is not an instant"),
        ("fomc,,", "is not an instant"),
        ("fomc,2026-01-28T14:02:00Z,", "is not on the five-minute grid"),
        ("fomc,2026-01-28T14:00:01Z,", "is not on the five-minute grid"),
        ("fomc,1999-12-31T23:55:00Z,", "lies before 2000"),
        ("fomc,2031-02-01T14:00:00Z,", "more than 5 years ahead"),
        ("FOMC,2026-01-28T14:00:00Z,", "is not a kind of event"),
        (",2026-01-28T14:00:00Z,", "is not a kind of event"),
        ("rate decision,2026-01-28T14:00:00Z,", "is not a kind of event"),
        ("fomc,2026-01-28T14:00:00Z,2026-01-29T00:00:00Z", "cannot be announced after it happened"),
        ("fomc,2026-01-28T14:00:00Z,2026-01-20", "announced_at “2026-01-20” has no time of day"),
        ("fomc,2026-01-28T14:00:00Z,1969-01-20T00:00:00Z", "lies before 1970"),
        ("fomc,2026-01-28T14:00:00Z", "another number of fields"),
        ("fomc,2026-01-28T14:00:00Z,,", "another number of fields"),
        ("cpi,2026-01-13T08:30:00-05:00,", "stands in line 2 already"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_taken(tmp_path: Path, row: str, words: str):
    said = refusal(tmp_path, f"kind,at,announced_at\ncpi,2026-01-13T13:30:00Z,\n{row}\nnfp,2026-01-09T13:30:00Z,\n")
    assert "so nothing of it was taken" in said
    assert "line 3: " in said
    assert words in said
    assert "line 4" not in said


def test_all_wrong_lines_are_counted_and_the_first_twenty_shown(tmp_path: Path):
    said = refusal(tmp_path, "kind,at\n" + "fomc,never\n" * 23)
    assert "line 21: " in said
    assert "line 22: " not in said
    assert said.endswith("and 3 more lines.")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"kind,at\n", "a header and no events"),
        (b"kind,at,impact\nfomc,2026-01-28T19:00:00Z,high\n", "unknown column “impact”"),
        (b"kind;at\nfomc;2026-01-28T19:00:00Z\n", "unknown column “kind;at”"),
        (b"kind,announced_at\n", "no column at"),
        (b"kind,at,at\n", "one column twice"),
        (b'kind,at\n"fomc,2026-01-28T19:00:00Z\n', "is no CSV file"),
        (b"kind,at\nfomc,\xff\n", "not text in UTF-8"),
        (b"PK\x03\x04\0\0", "bytes that no CSV file has"),
        (b"kind,at\n" + b"#" * 1024 * 1024, "larger than 1,024 KiB"),
    ],
)
def test_a_file_that_is_no_calendar_is_refused_in_a_sentence(tmp_path: Path, content: bytes, words: str):
    assert words in refusal(tmp_path, content)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="There is no file"):
        read_calendar(tmp_path / "none.csv", now=NOW)
    with pytest.raises(InputError, match="is a folder"):
        read_calendar(tmp_path, now=NOW)


instants = st.integers(946_684_800 // 300, (NOW + 5 * 365 * 86400) // 300).map(lambda step: 300 * step)


@st.composite
def events(draw: st.DrawFn) -> ScheduledEvent:
    at = draw(instants)
    return ScheduledEvent(
        at, draw(st.from_regex(r"[a-z][a-z0-9_]{0,31}", fullmatch=True)), draw(st.sampled_from([0, at, at - 86_400]))
    )


@given(st.lists(events(), min_size=1, max_size=30, unique_by=lambda event: (event.kind, event.at)), st.randoms())
def test_what_is_written_in_any_order_and_zone_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, listed: list[ScheduledEvent], random: Random
):
    def shown(at: int) -> str:
        zone = dt.timezone(dt.timedelta(minutes=15 * random.randint(-48, 56)))
        return dt.datetime.fromtimestamp(at, zone).isoformat()

    random.shuffle(listed)
    rows = [f"{event.kind},{shown(event.at)},{shown(event.announced_at) if event.announced_at else ''}" for event in listed]
    calendar = read(tmp_path_factory.mktemp("calendar"), "kind,at,announced_at\n" + "\n".join(rows))
    assert calendar == Calendar.of(listed)


@given(st.text(max_size=60))
def test_whatever_stands_in_a_line_is_read_or_refused_in_a_sentence(tmp_path_factory: pytest.TempPathFactory, line: str):
    path = written(tmp_path_factory.mktemp("calendar"), f"kind,at\n{line}\n".encode(errors="replace"))
    with contextlib.suppress(InputError):
        assert len(read_calendar(path, now=NOW)) >= 1


@pytest.mark.parametrize("name", ["benchmarks/us_events.csv", "docs/examples/calendar.csv"])
def test_the_calendars_of_this_project_can_be_read(name: str):
    calendar = read_calendar(ROOT / name, now=NOW)
    assert set(calendar.kinds) <= {"cpi", "fomc", "nfp"}


def test_the_listed_us_events_fall_on_their_usual_minute_of_a_working_day_in_new_york():
    from zoneinfo import ZoneInfo

    for event in read_calendar(ROOT / "benchmarks" / "us_events.csv", now=NOW).events:
        there = dt.datetime.fromtimestamp(event.at, ZoneInfo("America/New_York"))
        assert (there.hour, there.minute) == ((14, 0) if event.kind == "fomc" else (8, 30)), to_rfc3339(event.at)
        assert there.weekday() < 5
