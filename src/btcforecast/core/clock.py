"""The one seam through which the present enters.

Everything that needs the present takes a `Clock`; only `SystemClock` reads the machine's. Instants are Unix seconds (int, UTC)
inside, because they index numpy arrays and database keys; they become RFC 3339 text at the edges.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from btcforecast.core.errors import InputError


class Clock(Protocol):
    """Something that knows the present."""

    def now(self) -> int:
        """Return the present in Unix seconds, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Return the present in Unix seconds, UTC."""
        return int(time.time())


@dataclass(slots=True)
class ManualClock:
    """A clock that stands still until it is moved; for replays and tests."""

    at: int

    def now(self) -> int:
        """Return the instant it was set to."""
        return self.at

    def advance(self, seconds: int) -> None:
        """Move forward by `seconds`."""
        self.at += seconds


def to_rfc3339(at: int) -> str:
    """Return the instant as RFC 3339 text, such as `2025-12-01T00:00:00Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_rfc3339(text: str) -> int:
    """Return Unix seconds from a date or an RFC 3339 instant; without an offset it means UTC."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as e:
        message = f"“{text}” is not an instant; write it like 2025-12-01 or 2025-12-01T00:00:00Z."
        raise InputError(message) from e
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp())
