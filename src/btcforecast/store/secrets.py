"""Wrapped keys: rows in and out. What they encrypt is decided in `accounts.vault`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.store.tables import mail_messages, secret_keys, totp_secrets

_LOCK: Final = 7091822111
"""PostgreSQL's advisory lock of whoever makes or drops keys."""


@dataclass(frozen=True, slots=True)
class SecretKeyRow:
    """A stored key. purpose: token or data; wrapped: the key, encrypted under SECRET_KEY."""

    id: str
    purpose: str
    wrapped: bytes
    created_at: int
    retired_at: int | None = None


class SecretKeyStore:
    """Keys on the caller's connection; never commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self) -> None:
        """Wait until nobody else makes or drops keys; held until the transaction ends."""
        if self._connection.dialect.name == "postgresql":
            await self._connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        # On SQLite `Database.transaction()` has taken the one write lock already.

    async def all(self) -> list[SecretKeyRow]:
        """Return all keys, oldest first."""
        query = select(secret_keys).order_by(secret_keys.c.created_at, secret_keys.c.id)
        return [SecretKeyRow(**row) for row in (await self._connection.execute(query)).mappings()]

    async def add(self, row: SecretKeyRow) -> None:
        """Add a key."""
        await self._connection.execute(insert(secret_keys).values(**asdict(row)))

    async def rewrap(self, key_id: str, wrapped: bytes) -> None:
        """Store the same key under another SECRET_KEY."""
        await self._connection.execute(update(secret_keys).where(secret_keys.c.id == key_id).values(wrapped=wrapped))

    async def retire(self, purpose: str, *, at: int) -> None:
        """Mark every key of a purpose that is not retired yet."""
        which = (secret_keys.c.purpose == purpose, secret_keys.c.retired_at.is_(None))
        await self._connection.execute(update(secret_keys).where(*which).values(retired_at=at))

    async def drop(self, key_id: str) -> None:
        """Forget a key: nothing that it signed or encrypted can be read any more."""
        await self._connection.execute(delete(secret_keys).where(secret_keys.c.id == key_id))


class SealedStore:
    """Everything encrypted, by the place that its ciphertext is bound to: the table's short name and the row's id."""

    _TABLES: Final = {"totp": (totp_secrets, totp_secrets.c.person_id), "mail": (mail_messages, mail_messages.c.id)}

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> list[tuple[str, bytes]]:
        """Return (place, ciphertext) of everything that is encrypted, locked against changes until the transaction ends."""
        found: list[tuple[str, bytes]] = []
        for kind, (table, key) in self._TABLES.items():
            query = select(key, table.c.sealed).where(table.c.sealed != b"").with_for_update()
            found += [(f"{kind}:{row_id}", sealed) for row_id, sealed in await self._connection.execute(query)]
        return found

    async def put(self, place: str, sealed: bytes) -> None:
        """Store another ciphertext of the same."""
        kind, _, row_id = place.partition(":")
        table, key = self._TABLES[kind]
        await self._connection.execute(update(table).where(key == row_id).values(sealed=sealed))
