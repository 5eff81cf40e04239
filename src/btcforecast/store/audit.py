"""The rows of the audit log. What they mean is decided in `accounts.audit`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Select, delete, func, insert, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.store.tables import audit_entries, audit_networks

_LOCK: Final = 7091822107
"""PostgreSQL's advisory lock of whoever changes accounts or appends here, held until the transaction ends."""
_PAGE: Final = 500
_ENTRIES: Final = select(audit_entries, audit_networks.c.network, audit_networks.c.salt).select_from(
    audit_entries.outerjoin(audit_networks)
)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A stored entry; `body` is exactly the text that is hashed. network, salt: None where there was none, or it is forgotten."""

    seq: int
    at: int
    actor: str
    action: str
    subject: str | None
    result: str
    body: str
    entry_hash: bytes
    network: str | None = None
    salt: bytes | None = None


class AuditStore:
    """Reads and appends; the database itself refuses changes and deletions."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self) -> None:
        """Wait until nobody else changes accounts; held until the transaction ends."""
        if self._connection.dialect.name == "postgresql":
            await self._connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        # On SQLite `Database.transaction()` has taken the one write lock already.

    async def last(self) -> AuditRow | None:
        """Return the newest entry."""
        found = await self.find(limit=1)
        return found[0] if found else None

    async def add(self, row: AuditRow) -> None:
        """Add an entry, and beside it where from, which can be forgotten."""
        values = asdict(row)
        place = {"seq": row.seq, "network": values.pop("network"), "salt": values.pop("salt")}
        await self._connection.execute(insert(audit_entries).values(**values))
        if row.network is not None:
            await self._connection.execute(insert(audit_networks).values(**place))

    async def find(
        self,
        *,
        person_id: str | None = None,
        actor: str | None = None,
        subject: str | None = None,
        network: str | None = None,
        action: str | None = None,
        result: str | None = None,
        since: int | None = None,
        until: int | None = None,
        before: int | None = None,
        limit: int,
    ) -> list[AuditRow]:
        """Return entries, newest first.

        person_id: who did it or whom it was done to; network: how it begins, while it is known; before: only with a lower number.
        """
        table = audit_entries.c
        query = _ENTRIES.order_by(table.seq.desc()).limit(limit)
        if person_id is not None:
            query = query.where(or_(table.actor == person_id, table.subject == person_id))
        if network is not None:
            query = query.where(audit_networks.c.network.startswith(network, autoescape=True))
        wanted = ((table.actor, actor), (table.subject, subject), (table.action, action), (table.result, result))
        for column, value in wanted:
            if value is not None:
                query = query.where(column == value)
        if since is not None:
            query = query.where(table.at >= since)
        if until is not None:
            query = query.where(table.at < until)
        if before is not None:
            query = query.where(table.seq < before)
        return await self._rows(query)

    async def pages(self) -> AsyncIterator[list[AuditRow]]:
        """Yield all entries, oldest first, some hundred at a time."""
        after = -1
        while True:
            rows = await self.page(after=after)
            if not rows:
                return
            yield rows
            after = rows[-1].seq

    async def page(self, *, after: int) -> list[AuditRow]:
        """Return the next some hundred entries with a higher number, oldest first."""
        return await self._rows(_ENTRIES.where(audit_entries.c.seq > after).order_by(audit_entries.c.seq).limit(_PAGE))

    async def drop_networks(self, *, made_before: int) -> int:
        """Forget where entries came from that are older than that instant; return how many."""
        old = select(audit_entries.c.seq).where(audit_entries.c.at < made_before)
        return (await self._connection.execute(delete(audit_networks).where(audit_networks.c.seq.in_(old)))).rowcount

    async def _rows(self, query: Select[Any]) -> list[AuditRow]:
        return [AuditRow(**row) for row in (await self._connection.execute(query)).mappings()]

    async def size(self) -> int:
        """Return how many entries there are."""
        return int(await self._connection.scalar(select(func.count()).select_from(audit_entries)) or 0)
