"""Sessions, refresh tokens, single-use tokens and failed attempts: rows in and out. What they mean is decided in `accounts`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.store.tables import login_attempts, one_time_tokens, refresh_tokens, sessions


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A log-in. methods: how, by the names of RFC 8176; network: an address's prefix; device: what the client calls itself."""

    id: str
    person_id: str
    created_at: int
    last_used_at: int
    expires_at: int
    authenticated_at: int
    methods: str
    network: str
    device: str
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class RefreshTokenRow:
    """A refresh token by its SHA-256."""

    token_hash: bytes
    session_id: str
    created_at: int
    expires_at: int
    spent_at: int | None = None


@dataclass(frozen=True, slots=True)
class OneTimeTokenRow:
    """A token that counts once, by its SHA-256. payload: JSON."""

    token_hash: bytes
    person_id: str | None
    purpose: str
    payload: str
    created_at: int
    expires_at: int
    n_failures: int = 0
    spent_at: int | None = None


@dataclass(frozen=True, slots=True)
class AttemptsRow:
    """Failures to log in of one subject, by a keyed hash."""

    subject_hash: bytes
    n_failures: int
    last_at: int
    locked_until: int


class SessionStore:
    """Sessions on the caller's connection; never commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, session: SessionRow) -> None:
        """Add a session."""
        await self._connection.execute(insert(sessions).values(**asdict(session)))

    async def session(self, session_id: str) -> SessionRow | None:
        """Return a session."""
        row = (await self._connection.execute(select(sessions).where(sessions.c.id == session_id))).mappings().one_or_none()
        return None if row is None else SessionRow(**row)

    async def networks(self, person_id: str) -> frozenset[str]:
        """Return from where a person has logged in, as far as sessions are kept."""
        query = select(sessions.c.network).where(sessions.c.person_id == person_id).distinct()
        return frozenset(await self._connection.scalars(query))

    async def of_person(self, person_id: str) -> list[SessionRow]:
        """Return a person's sessions, the one used last first."""
        query = select(sessions).where(sessions.c.person_id == person_id).order_by(sessions.c.last_used_at.desc(), sessions.c.id)
        return [SessionRow(**row) for row in (await self._connection.execute(query)).mappings()]

    async def change(self, session_id: str, **values: Any) -> None:
        """Set columns of a session."""
        await self._connection.execute(update(sessions).where(sessions.c.id == session_id).values(**values))

    async def drop_ended(self, *, ended_before: int) -> int:
        """Forget sessions that were revoked or expired before that instant, with their tokens; return how many went."""
        ended = select(sessions.c.id).where((sessions.c.revoked_at < ended_before) | (sessions.c.expires_at < ended_before))
        await self._connection.execute(delete(refresh_tokens).where(refresh_tokens.c.session_id.in_(ended)))
        return (await self._connection.execute(delete(sessions).where(sessions.c.id.in_(ended)))).rowcount

    async def add_refresh_token(self, token: RefreshTokenRow) -> None:
        """Add a refresh token."""
        await self._connection.execute(insert(refresh_tokens).values(**asdict(token)))

    async def refresh_token(self, token_hash: bytes) -> RefreshTokenRow | None:
        """Return a refresh token."""
        query = select(refresh_tokens).where(refresh_tokens.c.token_hash == token_hash)
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return None if row is None else RefreshTokenRow(**row)

    async def spend_refresh_token(self, token_hash: bytes, *, at: int) -> bool:
        """Mark a refresh token as spent; False where it was before, also by another process at this moment."""
        which = (refresh_tokens.c.token_hash == token_hash, refresh_tokens.c.spent_at.is_(None))
        return (await self._connection.execute(update(refresh_tokens).where(*which).values(spent_at=at))).rowcount == 1


class OneTimeTokenStore:
    """Single-use tokens on the caller's connection; never commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, token: OneTimeTokenRow) -> None:
        """Add a token."""
        await self._connection.execute(insert(one_time_tokens).values(**asdict(token)))

    async def token(self, token_hash: bytes) -> OneTimeTokenRow | None:
        """Return a token."""
        query = select(one_time_tokens).where(one_time_tokens.c.token_hash == token_hash)
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return None if row is None else OneTimeTokenRow(**row)

    async def of_person(self, person_id: str) -> list[OneTimeTokenRow]:
        """Return the tokens that were made for a person, oldest first."""
        table = one_time_tokens.c
        query = select(one_time_tokens).where(table.person_id == person_id).order_by(table.created_at, table.token_hash)
        return [OneTimeTokenRow(**row) for row in (await self._connection.execute(query)).mappings()]

    async def spend(self, token_hash: bytes, *, at: int) -> bool:
        """Mark a token as spent; False where it was before, also by another process at this moment."""
        which = (one_time_tokens.c.token_hash == token_hash, one_time_tokens.c.spent_at.is_(None))
        return (await self._connection.execute(update(one_time_tokens).where(*which).values(spent_at=at))).rowcount == 1

    async def is_spent(self, person_id: str, purpose: str) -> bool:
        """Say whether a person has spent a token of that purpose."""
        table = one_time_tokens.c
        which = (table.person_id == person_id, table.purpose == purpose, table.spent_at.is_not(None))
        return await self._connection.scalar(select(table.token_hash).where(*which).limit(1)) is not None

    async def count_failure(self, token_hash: bytes) -> None:
        """Count one more answer to it that was wrong."""
        more = one_time_tokens.c.n_failures + 1
        await self._connection.execute(
            update(one_time_tokens).where(one_time_tokens.c.token_hash == token_hash).values(n_failures=more)
        )

    async def drop_of(self, person_id: str, purposes: Iterable[str]) -> None:
        """Forget a person's tokens of these purposes: something newer has made them void."""
        which = (one_time_tokens.c.person_id == person_id, one_time_tokens.c.purpose.in_(list(purposes)))
        await self._connection.execute(delete(one_time_tokens).where(*which))

    async def drop_expired(self, *, expired_before: int) -> int:
        """Forget tokens that expired before that instant; return how many went."""
        which = one_time_tokens.c.expires_at < expired_before
        return (await self._connection.execute(delete(one_time_tokens).where(which))).rowcount


class AttemptStore:
    """Failed attempts on the caller's connection; never commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self, subject_hash: bytes) -> None:
        """Wait until nobody else counts for this subject; held until the transaction ends."""
        if self._connection.dialect.name == "postgresql":
            number = int.from_bytes(subject_hash[:8], signed=True)
            await self._connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": number})
        # On SQLite `Database.transaction()` has taken the one write lock already.

    async def attempts(self, subject_hash: bytes) -> AttemptsRow | None:
        """Return what a subject has failed at."""
        query = select(login_attempts).where(login_attempts.c.subject_hash == subject_hash)
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return None if row is None else AttemptsRow(**row)

    async def put(self, row: AttemptsRow, *, is_first: bool) -> None:
        """Store what a subject has failed at. is_first: `attempts` has just said that nothing is stored, under the same lock."""
        statement = (
            insert(login_attempts)
            if is_first
            else update(login_attempts).where(login_attempts.c.subject_hash == row.subject_hash)
        )
        await self._connection.execute(statement.values(**asdict(row)))

    async def forget(self, subject_hash: bytes) -> None:
        """Forget what a subject has failed at."""
        await self._connection.execute(delete(login_attempts).where(login_attempts.c.subject_hash == subject_hash))

    async def drop_old(self, *, last_before: int) -> int:
        """Forget subjects whose last failure, and its lock's end, were before that instant; return how many went."""
        old = (login_attempts.c.last_at < last_before) & (login_attempts.c.locked_until < last_before)
        return (await self._connection.execute(delete(login_attempts).where(old))).rowcount
