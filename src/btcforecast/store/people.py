"""People, their API keys and their use: rows in and out. What may be done with them is decided in `accounts`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Select, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.store.tables import (
    api_keys,
    mail_messages,
    one_time_tokens,
    passkeys,
    people,
    recovery_codes,
    refresh_tokens,
    sessions,
    totp_secrets,
    usage_days,
)

OWNED: Final = (api_keys, usage_days, sessions, one_time_tokens, totp_secrets, recovery_codes, passkeys, mail_messages)
"""What goes with a person. A test fails when a table refers to people and is not here."""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody with an account. email_key: the address as it is compared."""

    id: str
    email: str
    email_key: str
    name: str
    role: str
    created_at: int
    disabled_at: int | None = None
    email_verified_at: int | None = None
    password_hash: str | None = None
    password_changed_at: int | None = None
    password_is_default: bool = False
    plan: str = "free"


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key without its secret. scopes: names of permissions, separated by spaces."""

    id: str
    person_id: str
    name: str
    scopes: str
    secret_hash: bytes
    created_at: int
    expires_at: int | None
    last_used_at: int | None = None
    revoked_at: int | None = None
    replaced_by: str | None = None


class PeopleStore:
    """People and keys on the caller's connection; never commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, person: PersonRow) -> None:
        """Add a person."""
        await self._connection.execute(insert(people).values(**asdict(person)))

    async def person(self, *, person_id: str | None = None, email_key: str | None = None) -> PersonRow | None:
        """Return the person with that id or address."""
        column, value = (people.c.id, person_id) if email_key is None else (people.c.email_key, email_key)
        found = await self._people(select(people).where(column == value))
        return found[0] if found else None

    async def find(self, *, text: str | None, role: str | None, after: str | None, limit: int) -> list[PersonRow]:
        """Return people in the order of their addresses. text: in address or name; after: an `email_key`."""
        query = select(people).order_by(people.c.email_key).limit(limit)
        if text is not None:
            query = query.where(
                or_(people.c.email.icontains(text, autoescape=True), people.c.name.icontains(text, autoescape=True))
            )
        if role is not None:
            query = query.where(people.c.role == role)
        if after is not None:
            query = query.where(people.c.email_key > after)
        return await self._people(query)

    async def change(self, person_id: str, **values: Any) -> None:
        """Set columns of a person."""
        await self._connection.execute(update(people).where(people.c.id == person_id).values(**values))

    async def n_enabled(self, role: str) -> int:
        """Return how many people of a role are not disabled."""
        query = select(func.count()).select_from(people).where(people.c.role == role, people.c.disabled_at.is_(None))
        return int(await self._connection.scalar(query) or 0)

    async def with_default_password(self) -> list[PersonRow]:
        """Return those whose password was made by CREATE_DEFAULT_USERS and not changed since."""
        return await self._people(select(people).where(people.c.password_is_default).order_by(people.c.email_key))

    async def delete(self, person_id: str) -> None:
        """Delete a person and everything that is theirs."""
        theirs = select(sessions.c.id).where(sessions.c.person_id == person_id)
        await self._connection.execute(delete(refresh_tokens).where(refresh_tokens.c.session_id.in_(theirs)))
        address = select(people.c.email).where(people.c.id == person_id).scalar_subquery()
        await self._connection.execute(delete(mail_messages).where(mail_messages.c.to_address == address))
        for table in OWNED:
            await self._connection.execute(delete(table).where(table.c.person_id == person_id))
        await self._connection.execute(delete(people).where(people.c.id == person_id))

    async def add_key(self, key: KeyRow) -> None:
        """Add a key."""
        await self._connection.execute(insert(api_keys).values(**asdict(key)))

    async def keys(self, person_id: str) -> list[KeyRow]:
        """Return a person's keys, newest first."""
        query = select(api_keys).where(api_keys.c.person_id == person_id)
        return await self._keys(query.order_by(api_keys.c.created_at.desc(), api_keys.c.id))

    async def key(self, key_id: str) -> KeyRow | None:
        """Return a key."""
        found = await self._keys(select(api_keys).where(api_keys.c.id == key_id))
        return found[0] if found else None

    async def change_key(self, key_id: str, **values: Any) -> None:
        """Set columns of a key."""
        await self._connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(**values))

    async def drop_dead_keys(self, *, dead_before: int) -> int:
        """Forget keys that were revoked or expired before that instant; return how many went."""
        dead = or_(api_keys.c.revoked_at < dead_before, api_keys.c.expires_at < dead_before)
        return (await self._connection.execute(delete(api_keys).where(dead))).rowcount

    async def _people(self, query: Select[Any]) -> list[PersonRow]:
        return [PersonRow(**row) for row in (await self._connection.execute(query)).mappings()]

    async def _keys(self, query: Select[Any]) -> list[KeyRow]:
        return [KeyRow(**row) for row in (await self._connection.execute(query)).mappings()]
