"""Who asks: API keys and access tokens of requests, looked up when they are new or something has changed."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Final, NamedTuple

import structlog
from sqlalchemy.exc import SQLAlchemyError

from btcforecast.accounts.audit import ANONYMOUS, Actor, AuditLog
from btcforecast.accounts.caller import Caller
from btcforecast.accounts.identity import Identity
from btcforecast.accounts.keys import authenticate, key_id_of
from btcforecast.accounts.login.sessions import caller_of
from btcforecast.accounts.login.tokens import is_token
from btcforecast.core import Clock
from btcforecast.core.errors import UnauthenticatedError
from btcforecast.store.audit import AuditStore
from btcforecast.store.people import PeopleStore

_MOST_KEPT: Final = 10_000
_LONGEST_KEPT_S: Final = 60
"""What is changed by hand in the database, past the audit log, is felt after this."""
_TOLD_EVERY_S: Final = 60
"""A key that is refused again and again is one entry of the audit log a minute."""
_WRITTEN_EVERY_S: Final = 30
log: Final = structlog.get_logger()


class _Found(NamedTuple):
    """Somebody who was looked up. newest: the audit log's newest entry then; until: when key or token end by themselves."""

    caller: Caller
    newest: int
    read_at: int
    until: int


class Callers:
    """Finds the people behind keys and access tokens.

    Every change to people, keys and sessions is an entry of the audit log, so what was found counts while that log has no newer entry. It is
    asked once a second, whoever and however many ask: a key revoked, a session ended or a role changed by any process is felt within a
    second by all, and a change made by this process at once (`forget`).
    """

    def __init__(self, identity: Identity, clock: Clock) -> None:
        self._identity: Final = identity
        self._database: Final = identity.database
        self._clock: Final = clock
        self._found: dict[bytes, _Found] = {}
        self._newest = -1
        self._asked_at = -1
        self._asking = asyncio.Lock()
        self._used: dict[str, int] = {}
        self._told: dict[str, int] = {}
        self._keys_read_at = -1

    def have_met(self, authorization: bytes) -> bool:
        """Say whether this header has named somebody before."""
        return _digest(authorization) in self._found

    async def identify(self, authorization: bytes, *, network: str) -> Caller:
        """Return who asks with this header. Raises UnauthenticatedError. network: where from, for the audit log."""
        now = self._clock.now()
        if self._asked_at != now:
            await self._ask_for_changes(now)
        digest = _digest(authorization)
        known = self._found.get(digest)
        if known is not None and known.newest == self._newest and now < known.until and now - known.read_at < _LONGEST_KEPT_S:
            found = known.caller
        else:
            found = await self._look_up(digest, authorization, network)
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

    async def _ask_for_changes(self, now: int) -> None:
        async with self._asking:
            if self._asked_at != now:
                async with self._database.read() as connection:
                    last = await AuditStore(connection).last()
                self._newest, self._asked_at = -1 if last is None else last.seq, now

    async def _look_up(self, digest: bytes, authorization: bytes, network: str) -> Caller:
        now, newest = self._clock.now(), self._newest
        text = _token(authorization)
        try:
            found, until = await (self._by_token(text, now) if is_token(text) else self._by_key(text, now))
        except UnauthenticatedError:
            self._found.pop(digest, None)
            await self._tell(key_id_of(text), network)
            raise
        if len(self._found) >= _MOST_KEPT:
            self._found.clear()
        # With the entry that was the newest before the look-up: what has changed during it is looked up once more.
        self._found[digest] = _Found(found, newest, now, until)
        return found

    async def _by_key(self, text: str, now: int) -> tuple[Caller, int]:
        async with self._database.read() as connection:
            found = await authenticate(connection, text, at=now)
        return found, now + _LONGEST_KEPT_S if found.key is None or found.key.expires_at is None else found.key.expires_at

    async def _by_token(self, text: str, now: int) -> tuple[Caller, int]:
        identity = self._identity
        key_id = identity.tokens.key_id(text)
        # Another process may have made a new key; whoever invents key ids makes the database be asked once a second at most.
        if identity.vault.verifying(key_id) is None and self._keys_read_at != now:
            self._keys_read_at = now
            await identity.vault.load(self._database, at=now)
        token = identity.tokens.read(text, at=now)
        async with self._database.read() as connection:
            found = await caller_of(connection, token, at=now)
        # A token that has just ended is looked at anew, which allows for clocks that differ.
        return found, token.expires_at if found.session is None else min(token.expires_at, found.session.expires_at)

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
