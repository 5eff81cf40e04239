"""How one venue of the local exchange behaves at the moment, and what it was asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from exchange.tape import STEP_S, Row, Tape

Call = Literal["markets", "candles", "price", "stream"]


@dataclass(frozen=True)
class Prank:
    """One wrong answer. kind: status, hang, reset, cut, html, nonsense (JSON of another shape), wrong_types, empty, garbage."""

    kind: str
    status: int = 500
    retry_after: str | None = None
    on: Call | None = "candles"
    """Which call it spoils; None spoils every one."""


@dataclass(frozen=True)
class Request:
    """What a client asked."""

    call: Call
    path: str
    query: dict[str, str]


@dataclass
class Desk:
    """One venue. Change its fields to make it misbehave."""

    tape: Tape
    pranks: deque[Prank] = field(default_factory=deque)
    """Used up one by one."""
    always: Prank | None = None
    """Used when no other is left."""
    requests: list[Request] = field(default_factory=list)
    price_factor: float = 1.0
    clock_skew_s: int = 0
    tells_date: bool = True
    missing: set[int] = field(default_factory=set)
    revised: dict[int, float] = field(default_factory=dict)
    """opened_at → factor on the close."""
    broken: dict[int, str] = field(default_factory=dict)
    """opened_at → impossible (high below low), none, text, nan, off_grid, future."""
    is_doubling: bool = False
    is_contradicting: bool = False
    frozen_at: int | None = None
    """From then on it has no new candles, though it answers."""
    trades: Literal["flow", "silent", "drop", "refuse", "garbage"] = "flow"
    """What its websocket does: `drop` closes after three trades."""
    trade_every_s: float = 0.02

    def spoil(self, *pranks: Prank) -> None:
        self.pranks.extend(pranks)

    def recover(self) -> None:
        self.pranks.clear()
        self.always = None

    def prank(self, call: Call) -> Prank | None:
        if self.pranks and self.pranks[0].on in (None, call):
            return self.pranks.popleft()
        if self.always is not None and self.always.on in (None, call):
            return self.always
        return None

    def count(self, call: Call) -> int:
        return sum(request.call == call for request in self.requests)

    def rows(self, opened_from: int, opened_to: int, *, now: int) -> list[Row]:
        """The candles opened in [opened_from, opened_to], the forming one included, as this venue has them."""
        first = -(-opened_from // STEP_S) * STEP_S
        last = min(opened_to, now if self.frozen_at is None else self.frozen_at)
        return list(self._rows(range(first, last + 1, STEP_S)))

    def _rows(self, opened: Iterable[int]) -> Iterable[Row]:
        for at in opened:
            if at in self.missing:
                continue
            _, *values, volume = self.tape.row(at)
            op, hi, lo, cl = (value * self.price_factor for value in values)
            cl *= self.revised.get(at, 1.0)
            row = (at, op, max(hi, cl), min(lo, cl), cl, volume)
            yield row
            if self.is_doubling:
                yield row
            if self.is_contradicting and at % (STEP_S * 8) == 0:
                yield (at, op, max(hi, cl) * 2, min(lo, cl), cl, volume)
