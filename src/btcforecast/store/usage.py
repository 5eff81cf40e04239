"""What people have asked, by day and key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.store.tables import people, usage_days

KEPT_S: Final = 30 * 86400
"""How far back use is shown."""


class Spender(NamedTuple):
    """Under what use is added up. day: its first second (UTC); key_id: empty for sessions."""

    person_id: str
    day: int
    key_id: str


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What was asked on a day (its first second, UTC) with one key; an empty key_id: in sessions."""

    day: int
    key_id: str
    n_requests: int
    cost: int


class UsageStore:
    """Use on the caller's connection; never commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, spent: Mapping[Spender, tuple[int, int]]) -> None:
        """Add requests and cost to what is stored; what people have spent who are gone is left out."""
        asked = {spender.person_id for spender in spent}
        there = set(await self._connection.scalars(select(people.c.id).where(people.c.id.in_(asked))))
        insert = sqlite_insert if self._connection.dialect.name == "sqlite" else postgresql_insert
        statement = insert(usage_days)
        sums = {name: usage_days.c[name] + statement.excluded[name] for name in ("n_requests", "cost")}
        statement = statement.on_conflict_do_update(index_elements=["person_id", "day", "key_id"], set_=sums)
        # In one order everywhere, so that processes that write at the same time do not wait for each other in a circle.
        rows = [
            {**spender._asdict(), "n_requests": n_requests, "cost": cost}
            for spender, (n_requests, cost) in sorted(spent.items())
            if spender.person_id in there
        ]
        if rows:
            await self._connection.execute(statement, rows)

    async def days(self, person_id: str, *, since: int) -> list[UsageRow]:
        """Return what a person has asked since that instant, the newest day first."""
        query = (
            select(usage_days.c.day, usage_days.c.key_id, usage_days.c.n_requests, usage_days.c.cost)
            .where(usage_days.c.person_id == person_id, usage_days.c.day > since - 86400)
            .order_by(usage_days.c.day.desc(), usage_days.c.key_id)
        )
        return [UsageRow(**row) for row in (await self._connection.execute(query)).mappings()]

    async def drop_old(self, *, day_before: int) -> int:
        """Forget days that began before that instant; return how many rows went."""
        return (await self._connection.execute(delete(usage_days).where(usage_days.c.day < day_before))).rowcount
