from __future__ import annotations

import hashlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcforecast.core import NO_EVENTS, Calendar, ScheduledEvent
from btcforecast.core.errors import InputError

instants = st.integers(1, 10_000).map(lambda step: 300 * step)
events = st.builds(
    lambda at, kind, before: ScheduledEvent(at, kind, max(0, at - before)), instants, st.sampled_from(["cpi", "fomc"]), instants
)


@pytest.mark.parametrize(
    ("at", "kind", "announced_at", "words"),
    [
        (300, "Rate decision", 0, "not a kind of event"),
        (300, "1st", 0, "not a kind of event"),
        (300, "x" * 33, 0, "not a kind of event"),
        (0, "cpi", 0, "after 1970"),
        (300, "cpi", -1, "after 1970"),
        (301, "cpi", 0, "five-minute grid"),
        (300, "cpi", 301, "announced after it happened"),
    ],
)
def test_an_event_that_cannot_be_is_refused(at: int, kind: str, announced_at: int, words: str):
    with pytest.raises(InputError, match=words):
        ScheduledEvent(at, kind, announced_at)


@given(st.lists(events, max_size=30), st.randoms())
def test_a_calendar_is_the_same_in_whatever_order_its_events_come(listed: list[ScheduledEvent], random: Random):
    calendar = Calendar.of(listed)
    random.shuffle(listed)
    assert Calendar.of([*listed, *listed]) == calendar
    assert list(calendar.events) == sorted(calendar.events)
    assert len({(event.at, event.kind) for event in calendar.events}) == len(calendar)


@given(st.lists(events, max_size=30), instants, instants)
def test_what_is_known_and_what_is_between_are_parts_of_the_whole(listed: list[ScheduledEvent], one: int, other: int):
    calendar = Calendar.of(listed)
    known = calendar.known_at(one)
    assert set(known.events) == {event for event in calendar.events if event.announced_at <= one}
    begin, end = sorted((one, other))
    parts = [calendar.between(0, begin), calendar.between(begin, end), calendar.between(end, 10**10)]
    assert sum((part.events for part in parts), ()) == calendar.events


def test_of_two_announcements_of_one_event_the_first_counts():
    assert Calendar.of([ScheduledEvent(900, "cpi", 600), ScheduledEvent(900, "cpi", 300)]).events == (
        ScheduledEvent(900, "cpi", 300),
    )


def test_the_digest_is_that_of_the_events_one_a_line():
    calendar = Calendar.of([ScheduledEvent(900, "nfp", 300), ScheduledEvent(600, "cpi")])
    assert calendar.digest() == hashlib.sha256(b"600 cpi 0\n900 nfp 300\n").hexdigest()
    assert NO_EVENTS.digest() != calendar.digest()
