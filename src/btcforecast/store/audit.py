"""The rows of the audit log. What they mean is decided in `accounts.audit`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import func, insert, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.store.tables import audit_entries

_LOCK: Final = 7091822107
"""PostgreSQL's advisory lock of whoever changes accounts or appends here, held until the transaction ends."""
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A stored entry; `body` is exactly the text that is hashed."""

    seq: int
    at: int
    actor: str
    action: str
    subject: str | None
    result: str
    body: str
    entry_hash: bytes


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
        """Add an entry."""
        await self._connection.execute(insert(audit_entries).values(**asdict(row)))

    async def find(
        self,
        *,
        person_id: str | None = None,
        action: str | None = None,
        result: str | None = None,
        since: int | None = None,
        until: int | None = None,
        before: int | None = None,
        limit: int,
    ) -> list[AuditRow]:
        """Return entries, newest first. person_id: who did it or whom it was done to; before: only with a lower number."""
        table = audit_entries.c
        query = select(audit_entries).order_by(table.seq.desc()).limit(limit)
        if person_id is not None:
            query = query.where(or_(table.actor == person_id, table.subject == person_id))
        for column, value in ((table.action, action), (table.result, result)):
            if value is not None:
                query = query.where(column == value)
        if since is not None:
            query = query.where(table.at >= since)
        if until is not None:
            query = query.where(table.at < until)
        if before is not None:
            query = query.where(table.seq < before)
        return [AuditRow(**row) for row in (await self._connection.execute(query)).mappings()]

    async def pages(self) -> AsyncIterator[list[AuditRow]]:
        """Yield all entries, oldest first, some hundred at a time."""
        after = -1
        while True:
            query = select(audit_entries).where(audit_entries.c.seq > after).order_by(audit_entries.c.seq).limit(_PAGE)
            rows = [AuditRow(**row) for row in (await self._connection.execute(query)).mappings()]
            if not rows:
                return
            yield rows
            after = rows[-1].seq

    async def size(self) -> int:
        """Return how many entries there are."""
        return int(await self._connection.scalar(select(func.count()).select_from(audit_entries)) or 0)
