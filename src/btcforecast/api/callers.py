"""Who asks: API keys and access tokens of requests, looked up once a second at most."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from btcforecast.accounts.audit import ANONYMOUS, Actor, AuditLog
from btcforecast.accounts.caller import Caller
from btcforecast.accounts.identity import Identity
from btcforecast.accounts.keys import authenticate, key_id_of
from btcforecast.accounts.sessions import caller_of
from btcforecast.accounts.tokens import is_token
from btcforecast.core import Clock
from btcforecast.core.errors import UnauthenticatedError
from btcforecast.store.people import PeopleStore

_MOST_KEPT: Final = 10_000
_TOLD_EVERY_S: Final = 60
"""A key that is refused again and again is one entry of the audit log a minute."""
_WRITTEN_EVERY_S: Final = 30
log: Final = structlog.get_logger()


class Callers:
    """Finds the people behind keys and access tokens.

    What was found counts until the second is over, so that a key revoked, a session ended or a role changed by any process is felt within a
    second by all; a change made by this process is felt at once (`forget`).
    """

    def __init__(self, identity: Identity, clock: Clock) -> None:
        self._identity: Final = identity
        self._database: Final = identity.database
        self._clock: Final = clock
        self._found: dict[bytes, tuple[int, Caller]] = {}
        self._used: dict[str, int] = {}
        self._told: dict[str, int] = {}
        self._keys_read_at = -1

    def have_met(self, authorization: bytes) -> bool:
        """Say whether this header has named somebody before."""
        return _digest(authorization) in self._found

    async def identify(self, authorization: bytes, *, network: str) -> Caller:
        """Return who asks with this header. Raises UnauthenticatedError. network: where from, for the audit log."""
        now = self._clock.now()
        read_at, found = self._found.get(_digest(authorization), (-1, None))
        if found is None or read_at != now:
            found = await self._look_up(authorization, network)
        if found.key is not None:
            self._used[found.key.id] = now
        return found

    def forget(self) -> None:
        """Look everybody up anew: something about people, keys or sessions has changed."""
        self._found.clear()

    async def run(self) -> None:
        """Write down from time to time when keys were last used, until cancelled."""
        while True:
            await asyncio.sleep(_WRITTEN_EVERY_S)
            await self.write_uses()

    async def write_uses(self) -> None:
        """Write down when keys were last used; where the database does not answer it is tried again later."""
        if not self._used:
            return
        used, self._used = self._used, {}
        try:
            async with self._database.transaction() as connection:
                for key_id, at in used.items():
                    await PeopleStore(connection).change_key(key_id, last_used_at=at)
        except (SQLAlchemyError, OSError) as e:
            log.warning("api.key_uses_not_written", n=len(used), error=type(e).__name__)
            self._used = used | self._used

    async def _look_up(self, authorization: bytes, network: str) -> Caller:
        now = self._clock.now()
        text = _token(authorization)
        try:
            found = await (self._by_token(text, now) if is_token(text) else self._by_key(text, now))
        except UnauthenticatedError:
            self._found.pop(_digest(authorization), None)
            await self._tell(key_id_of(text), network)
            raise
        if len(self._found) >= _MOST_KEPT:
            self._found.clear()
        self._found[_digest(authorization)] = (now, found)
        return found

    async def _by_key(self, text: str, now: int) -> Caller:
        async with self._database.read() as connection:
            return await authenticate(connection, text, at=now)

    async def _by_token(self, text: str, now: int) -> Caller:
        identity = self._identity
        key_id = identity.tokens.key_id(text)
        # Another process may have made a new key; whoever invents key ids makes the database be asked once a second at most.
        if identity.vault.verifying(key_id) is None and self._keys_read_at != now:
            self._keys_read_at = now
            await identity.vault.load(self._database, at=now)
        token = identity.tokens.read(text, at=now)
        async with self._database.read() as connection:
            return await caller_of(connection, token, at=now)

    async def _tell(self, key_id: str | None, network: str) -> None:
        now = self._clock.now()
        if key_id is None or now - self._told.get(key_id, -_TOLD_EVERY_S) < _TOLD_EVERY_S:
            return
        if len(self._told) >= _MOST_KEPT:
            self._told.clear()
        self._told[key_id] = now
        async with self._database.transaction() as connection:
            key = await PeopleStore(connection).key(key_id)
            if key is not None:
                # Somebody holds what was once a key, or guesses at one; an id that never was is noise.
                await AuditLog(connection).record(
                    "key.refused",
                    actor=Actor(ANONYMOUS, network=network),
                    at=now,
                    subject=key.person_id,
                    result="refused",
                    facts={"key": key_id},
                )


def _digest(authorization: bytes) -> bytes:
    # Keys and tokens are not kept in memory longer than their request.
    return hashlib.sha256(authorization).digest()


def _token(authorization: bytes) -> str:
    """Return the token of a bearer's Authorization header (RFC 6750, section 2.1)."""
    return authorization.decode("latin-1").partition(" ")[2].strip()
