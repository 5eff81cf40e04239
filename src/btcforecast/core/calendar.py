"""Scheduled events that move the market at a known minute: rate decisions, inflation and payroll releases."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from btcforecast.core.clock import to_rfc3339
from btcforecast.core.errors import InputError
from btcforecast.core.interval import BASE

_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
ALWAYS_KNOWN: Final = 0
"""The `announced_at` of an event whose date was public long before any forecast could need it."""


@dataclass(frozen=True, slots=True, order=True)
class ScheduledEvent:
    """One event. at: when it happens; announced_at: since when its date is public; both Unix seconds UTC."""

    at: int
    kind: str
    announced_at: int = ALWAYS_KNOWN

    def __post_init__(self) -> None:
        if _KIND.fullmatch(self.kind) is None:
            raise InputError(f"“{self.kind}” is not a kind of event; use up to 32 lower-case letters, digits and underscores.")
        if self.at <= 0 or self.announced_at < 0:
            raise InputError(f"The event {self.kind} needs an instant after 1970.")
        if self.at % BASE.seconds:
            raise InputError(f"{to_rfc3339(self.at)} is not on the five-minute grid of the candles.")
        if self.announced_at > self.at:
            raise InputError(f"The event {self.kind} at {to_rfc3339(self.at)} cannot be announced after it happened.")


@dataclass(frozen=True, slots=True)
class Calendar:
    """Scheduled events, in order of time, each kind and instant once."""

    events: tuple[ScheduledEvent, ...] = ()

    @classmethod
    def of(cls, events: Iterable[ScheduledEvent]) -> Self:
        """Return the calendar of these events; one that is named twice counts once, as announced first."""
        latest_first = sorted(events, reverse=True)
        return cls(tuple(sorted({(event.at, event.kind): event for event in latest_first}.values())))

    def __len__(self) -> int:
        return len(self.events)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of event there are, in alphabetical order."""
        return tuple(sorted({event.kind for event in self.events}))

    def known_at(self, instant: int) -> Calendar:
        """Return the events whose dates were public at that instant."""
        return Calendar(tuple(event for event in self.events if event.announced_at <= instant))

    def between(self, begin: int, end: int) -> Calendar:
        """Return the events in [begin, end)."""
        return Calendar(tuple(event for event in self.events if begin <= event.at < end))

    def digest(self) -> str:
        """Return the SHA-256, in hex, of the events, one a line."""
        lines = (f"{event.at} {event.kind} {event.announced_at}\n" for event in self.events)
        return hashlib.sha256("".join(lines).encode()).hexdigest()


NO_EVENTS: Final = Calendar()
