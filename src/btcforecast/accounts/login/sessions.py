"""Sessions: opened by a log-in, kept alive by rotating refresh tokens, ended at once.

A refresh token counts once and brings the next one (RFC 9700, section 4.14.2). One that comes back after it was spent is in two hands, and
nobody knows which is the thief's: the session ends.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.accounts.audit import ANONYMOUS, Actor, AuditLog
from btcforecast.accounts.caller import Caller
from btcforecast.accounts.identity import Identity
from btcforecast.accounts.login.tokens import AccessToken
from btcforecast.accounts.roles import ROLES, RoleName
from btcforecast.core.errors import NotFoundError, UnauthenticatedError
from btcforecast.store.people import PeopleStore, PersonRow
from btcforecast.store.sessions import RefreshTokenRow, SessionRow, SessionStore

PASSWORD: Final = "pwd"  # noqa: S105  # the name of a method
ONE_TIME_PASSWORD: Final = "otp"  # noqa: S105  # as above
PASSKEY: Final = "hwk"  # as above
"""How somebody proved who they are, by the names of RFC 8176."""
_LONGEST_DEVICE: Final = 200
_ENDED: Final = "This session has ended; log in again."


@dataclass(frozen=True, slots=True)
class Opened:
    """A session with the tokens that it is used with, which nobody can read again."""

    person: PersonRow
    session: SessionRow
    access_token: str
    refresh_token: str
    refresh_expires_at: int


async def open_session(
    identity: Identity,
    connection: AsyncConnection,
    person: PersonRow,
    *,
    methods: Iterable[str],
    network: str,
    device: str,
    at: int,
) -> Opened:
    """Begin a session of somebody who has proved who they are. methods: how."""
    session = SessionRow(
        id=f"s_{secrets.token_hex(12)}",
        person_id=person.id,
        created_at=at,
        last_used_at=at,
        expires_at=at + identity.session_lifetime_s,
        authenticated_at=at,
        methods=" ".join(methods),
        network=network,
        device=_printable(device),
    )
    await SessionStore(connection).add(session)
    facts = {"session": session.id, "methods": session.methods}
    await AuditLog(connection).record(
        "session.started", actor=Actor(person.id, network=network), at=at, subject=person.id, facts=facts
    )
    return await _with_tokens(identity, connection, person, session, at=at)


async def refresh(identity: Identity, text: str, *, network: str, device: str, at: int) -> Opened:
    """Spend a refresh token and return the session with its next ones. Raises UnauthenticatedError."""
    async with identity.database.transaction() as connection:
        store = SessionStore(connection)
        token = await store.refresh_token(_hashed(text))
        session = None if token is None else await store.session(token.session_id)
        if token is None or session is None:
            raise UnauthenticatedError(_ENDED)
        is_first = await store.spend_refresh_token(token.token_hash, at=at)
        if not is_first and session.revoked_at is None:
            await _end(connection, session, "session.replayed", actor=Actor(ANONYMOUS, network=network), at=at, result="refused")
        person = await PeopleStore(connection).person(person_id=session.person_id)
        is_alive = session.revoked_at is None and at < min(token.expires_at, session.expires_at)
        if is_first and is_alive and person is not None and person.disabled_at is None:
            session = replace(session, last_used_at=at, network=network, device=_printable(device))
            await store.change(session.id, last_used_at=at, network=network, device=session.device)
            return await _with_tokens(identity, connection, person, session, at=at)
    # Raised after the transaction, which keeps that the session has ended.
    raise UnauthenticatedError(_ENDED)


async def end_session(connection: AsyncConnection, person_id: str, session_id: str, *, actor: Actor, at: int) -> SessionRow:
    """End one session of a person, at once, and return it; one that has ended stays as it is. Raises NotFoundError."""
    session = await SessionStore(connection).session(session_id)
    # Somebody else's session is as unknown as one that does not exist.
    if session is None or session.person_id != person_id:
        raise NotFoundError(f"There is no session “{session_id[:40]}” here.")
    if session.revoked_at is not None:
        return session
    await _end(connection, session, "session.ended", actor=actor, at=at)
    return replace(session, revoked_at=at)


async def end_sessions(connection: AsyncConnection, person_id: str, *, actor: Actor, at: int, but: str | None = None) -> int:
    """End all sessions of a person but one, and return how many ended."""
    running = [session for session in await SessionStore(connection).of_person(person_id) if is_running(session, at)]
    ending = [session for session in running if session.id != but]
    for session in ending:
        await SessionStore(connection).change(session.id, revoked_at=at)
    if ending:
        facts = {"n": len(ending)}
        await AuditLog(connection).record("session.all_ended", actor=actor, at=at, subject=person_id, facts=facts)
    return len(ending)


async def session_of(identity: Identity, text: str) -> SessionRow | None:
    """Return the session of a refresh token, spent or not, or None."""
    async with identity.database.read() as connection:
        store = SessionStore(connection)
        token = await store.refresh_token(_hashed(text))
        return None if token is None else await store.session(token.session_id)


async def caller_of(connection: AsyncConnection, token: AccessToken, *, at: int) -> Caller:
    """Return who asks with an access token. Raises UnauthenticatedError where its session has ended."""
    session = await SessionStore(connection).session(token.session_id)
    if session is None or session.person_id != token.person_id or not is_running(session, at):
        raise UnauthenticatedError(_ENDED)
    person = await PeopleStore(connection).person(person_id=session.person_id)
    if person is None or person.disabled_at is not None:
        raise UnauthenticatedError("This account is disabled; ask an administrator.")
    return Caller(person, ROLES[RoleName(person.role)].permissions, session=session)


def is_running(session: SessionRow, at: int) -> bool:
    """Say whether a session has neither ended nor expired."""
    return session.revoked_at is None and at < session.expires_at


def csrf_token(refresh_token: str) -> str:
    """Return what a page must send beside the cookie with this refresh token: nobody can compute it who has not got the token."""
    return hmac.digest(refresh_token.encode(), b"csrf", "sha256").hex()


async def _with_tokens(
    identity: Identity, connection: AsyncConnection, person: PersonRow, session: SessionRow, *, at: int
) -> Opened:
    text = f"btcr_{secrets.token_urlsafe(32)}"
    expires_at = min(at + identity.refresh_lifetime_s, session.expires_at)
    await SessionStore(connection).add_refresh_token(RefreshTokenRow(_hashed(text), session.id, at, expires_at))
    return Opened(person, session, identity.tokens.sign(person.id, session.id, at=at), text, expires_at)


async def _end(
    connection: AsyncConnection, session: SessionRow, action: str, *, actor: Actor, at: int, result: str = "done"
) -> None:
    await SessionStore(connection).change(session.id, revoked_at=at)
    facts = {"session": session.id}
    await AuditLog(connection).record(action, actor=actor, at=at, subject=session.person_id, result=result, facts=facts)


def _hashed(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _printable(device: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in device)[:_LONGEST_DEVICE]
