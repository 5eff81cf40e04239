"""The port behind which every source of candles and prices stands: an exchange, or the generator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from btcforecast.core import Candles
from btcforecast.core.errors import InputError
from btcforecast.store.venues import VenueState

Via = Literal["websocket", "poll", "candle", "simulated"]


@dataclass(frozen=True, slots=True)
class PriceTick:
    """A price that somebody paid. `via` says how it reached us."""

    price: float
    traded_at_ms: int
    via: Via

    def __post_init__(self) -> None:
        # NaN fails this comparison too.
        if not 0 < self.price < float("inf"):
            raise InputError(f"A price is a positive number; {self.price} is not.")


@dataclass(frozen=True, slots=True)
class Page:
    """What one call to a venue brought: checked, finished candles, and what had to be left out.

    Everything that the venue had in [opened_from, opened_before) is here; what is missing inside it, the venue does not have.
    """

    opened_from: int
    opened_before: int
    candles: Candles
    n_rejected: Mapping[str, int] = field(default_factory=dict)
    """How many rows were left out, by reason; the candle still forming is not counted, because it is no fault."""


class Venue(Protocol):
    """A source of candles and prices. Every call ends within its timeouts; what cannot be had raises VenueError."""

    @property
    def name(self) -> str:
        """Return the venue's name, as in `Series.venue`."""
        ...

    @property
    def n_reachable(self) -> int | None:
        """Return how many of the newest candles can be fetched at all, or None for the whole history."""
        ...

    @property
    def state(self) -> VenueState:
        """Return how the venue is doing: its breaker, its last calls."""
        ...

    def restore(self, state: VenueState) -> None:
        """Take up what an earlier process knew, so that a restart does not run into a ban again."""
        ...

    def pages(self, symbol: str, *, opened_from: int, opened_before: int) -> AsyncIterator[Page]:
        """Yield the finished candles opened in [opened_from, opened_before) page by page, oldest first."""
        ...

    async def fetch_candles(self, symbol: str, *, opened_from: int, opened_before: int) -> Candles:
        """Return the finished candles opened in [opened_from, opened_before), oldest first."""
        ...

    def watch_price(self, symbol: str) -> AsyncIterator[PriceTick]:
        """Yield prices as they trade, until the connection breaks (VenueError) or the caller stops."""
        ...

    async def fetch_price(self, symbol: str) -> PriceTick:
        """Return the newest price."""
        ...

    async def close(self) -> None:
        """Give connections back; safe to call twice."""
        ...
