"""Mail that waits to be sent: rows in and out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.store.tables import mail_messages

NEVER: Final = 2**53 - 1
"""When letters are due that are sent or given up, so that whoever looks for due ones passes none of them."""

MailState = Literal["waiting", "sent", "failed"]


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

    @property
    def state(self) -> MailState:
        """Return what has become of it."""
        return "sent" if self.sent_at is not None else "failed" if self.failed_at is not None else "waiting"


@dataclass(frozen=True, slots=True)
class MailQueue:
    """What waits. oldest_at: when the oldest letter of it was written."""

    n_waiting: int
    oldest_at: int | None


class MailStore:
    """Letters on the caller's connection; never commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, row: MailRow) -> None:
        """Add a letter."""
        await self._connection.execute(insert(mail_messages).values(**asdict(row)))

    async def letter(self, letter_id: str) -> MailRow | None:
        """Return a letter."""
        found = await self._rows(select(mail_messages).where(mail_messages.c.id == letter_id))
        return found[0] if found else None

    async def letters(self, *, state: MailState | None, limit: int) -> list[MailRow]:
        """Return letters, newest first."""
        query = select(mail_messages).order_by(mail_messages.c.created_at.desc(), mail_messages.c.id).limit(limit)
        sent, failed = mail_messages.c.sent_at.is_not(None), mail_messages.c.failed_at.is_not(None)
        if state is not None:
            query = query.where({"sent": sent, "failed": failed, "waiting": ~sent & ~failed}[state])
        return await self._rows(query)

    async def letters_to(self, person_id: str) -> list[MailRow]:
        """Return the letters to a person, oldest first."""
        query = select(mail_messages).where(mail_messages.c.person_id == person_id)
        return await self._rows(query.order_by(mail_messages.c.created_at, mail_messages.c.id))

    async def queue(self) -> MailQueue:
        """Return what waits, due or put off."""
        waiting = select(func.count(), func.min(mail_messages.c.created_at)).where(mail_messages.c.due_at < NEVER)
        n_waiting, oldest_at = (await self._connection.execute(waiting)).one()
        return MailQueue(n_waiting, oldest_at)

    async def last_sent_at(self) -> int | None:
        """Return when a letter was sent last."""
        found: int | None = await self._connection.scalar(select(func.max(mail_messages.c.sent_at)))
        return found

    async def take(self, *, at: int, until: int, limit: int) -> list[MailRow]:
        """Return due letters, the longest due first, and put them off until then: each goes to one caller, also of several at once."""
        due = select(mail_messages).where(mail_messages.c.due_at <= at).order_by(mail_messages.c.due_at, mail_messages.c.id)
        taken: list[MailRow] = []
        for row in await self._rows(due.limit(limit)):
            which = (mail_messages.c.id == row.id, mail_messages.c.due_at == row.due_at)
            values = {"due_at": until, "n_tries": row.n_tries + 1}
            if (await self._connection.execute(update(mail_messages).where(*which).values(values))).rowcount:
                taken.append(MailRow(**{**asdict(row), **values}))
        return taken

    async def mark_sent(self, letter_id: str, *, at: int) -> None:
        """Mark a letter as sent and forget what it said."""
        await self._change(letter_id, sent_at=at, failed_at=None, due_at=NEVER, sealed=b"", last_error=None)

    async def put_off(self, letter_id: str, *, due_at: int, error: str) -> None:
        """Leave a letter for later, with what went wrong."""
        await self._change(letter_id, due_at=due_at, last_error=error)

    async def give_up(self, letter_id: str, *, at: int, error: str) -> None:
        """Mark a letter as not to be sent, with what went wrong."""
        await self._change(letter_id, failed_at=at, due_at=NEVER, last_error=error)

    async def retry(self, letter_id: str, *, at: int) -> None:
        """Make a letter due that waits or was given up."""
        await self._change(letter_id, failed_at=None, due_at=at)

    async def drop_ended(self, *, ended_before: int) -> int:
        """Forget letters that were sent or given up before that instant; return how many went."""
        ended = (mail_messages.c.sent_at < ended_before) | (mail_messages.c.failed_at < ended_before)
        return (await self._connection.execute(delete(mail_messages).where(ended))).rowcount

    async def _change(self, letter_id: str, **values: Any) -> None:
        # A letter that was sent stays sent, whatever a slow sender says of it later.
        which = (mail_messages.c.id == letter_id, mail_messages.c.sent_at.is_(None))
        await self._connection.execute(update(mail_messages).where(*which).values(**values))

    async def _rows(self, query: Select[Any]) -> list[MailRow]:
        return [MailRow(**row) for row in (await self._connection.execute(query)).mappings()]
