"""How each venue is doing, as the worker saw it last, for every process to read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.store.tables import venue_states


@dataclass(frozen=True, slots=True)
class VenueState:
    """A venue's breaker (closed, open, half_open) and its last calls; instants are Unix seconds."""

    venue: str
    breaker: str
    latency_ms: float | None = None
    last_success_at: int | None = None
    last_error_at: int | None = None
    last_error: str | None = None
    retry_at: int | None = None
    """Until when the breaker keeps calls back; None while closed."""
    updated_at: int = 0


class VenueStates:
    """The newest state of every venue that was ever called."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection: Final = connection

    async def save(self, state: VenueState) -> None:
        """Put the state in the place of the venue's last one; what the new one does not know of past calls stays."""
        insert = sqlite_insert if self._connection.dialect.name == "sqlite" else postgresql_insert
        statement = insert(venue_states).values(**asdict(state))
        kept = {
            name: value if value is not None or name == "retry_at" else venue_states.c[name]
            for name, value in asdict(state).items()
            if name != "venue"
        }
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["venue"], set_=kept))

    async def of(self, venue: str) -> VenueState | None:
        """Return one venue's state, or None when it was never called."""
        found = await self._connection.execute(select(venue_states).where(venue_states.c.venue == venue))
        row = found.mappings().one_or_none()
        return VenueState(**row) if row is not None else None

    async def all(self) -> list[VenueState]:
        """Return every venue's state, by name."""
        found = await self._connection.execute(select(venue_states).order_by(venue_states.c.venue))
        return [VenueState(**row) for row in found.mappings()]
