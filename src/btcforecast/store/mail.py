"""Mail that waits to be sent: rows in and out."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.store.tables import mail_messages


@dataclass(frozen=True, slots=True)
class MailRow:
    """A letter. person_id: None when its reader's account is gone; sealed: what it says beside its template, encrypted."""

    id: str
    person_id: str | None
    to_address: str
    kind: str
    sealed: bytes
    created_at: int
    due_at: int
    n_tries: int = 0
    sent_at: int | None = None
    failed_at: int | None = None
    last_error: str | None = None


class MailStore:
    """Letters on the caller's connection; never commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, row: MailRow) -> None:
        """Add a letter."""
        await self._connection.execute(insert(mail_messages).values(**asdict(row)))
