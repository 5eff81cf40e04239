"""The step after the password, logging in without one, and proving once more who one is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.accounts.audit import Actor
from btcforecast.accounts.identity import Identity
from btcforecast.accounts.login.by_password import note_failure
from btcforecast.accounts.login.lockout import begin_attempt, forgive
from btcforecast.accounts.login.one_time import Purpose, count_wrong_answer, read_one_time, spend_one_time
from btcforecast.accounts.login.sessions import ONE_TIME_PASSWORD, PASSKEY, PASSWORD, Opened, open_session
from btcforecast.accounts.people import find_person
from btcforecast.accounts.second_factor.passkeys import use_passkey
from btcforecast.accounts.second_factor.recovery_codes import spend_recovery_code
from btcforecast.accounts.second_factor.totp import check_totp
from btcforecast.core.errors import UnauthenticatedError
from btcforecast.store.people import PersonRow

_WRONG: Final = "This code is wrong or was used before."


async def finish_log_in(
    identity: Identity, token: str, *, code: str | None, recovery_code: str | None, network: str, device: str, at: int
) -> Opened:
    """Return a session of whoever gave the right password and now a code of their app, or a recovery code.

    Every try is counted before it is looked at, as one with a wrong password is. Raises UnauthenticatedError, LockedError.
    """
    async with identity.database.transaction() as connection:
        asked = await read_one_time(connection, token, Purpose.SECOND_FACTOR, at=at)
        person = await find_person(connection, asked.person_id or "")
        attempt = await begin_attempt(
            connection, identity.vault, email_key=person.email_key, person_id=person.id, network=network, at=at
        )
    if person.disabled_at is not None:
        raise UnauthenticatedError("This account is disabled; ask an administrator.")
    async with identity.database.transaction() as connection:
        if await _is_right(identity, connection, person, code, recovery_code, network=network, at=at):
            await spend_one_time(connection, token, Purpose.SECOND_FACTOR, at=at)
            await forgive(connection, attempt)
            methods = (PASSWORD, ONE_TIME_PASSWORD)
            return await open_session(identity, connection, person, methods=methods, network=network, device=device, at=at)
        await count_wrong_answer(connection, token)
    await note_failure(identity, person, attempt, network=network, at=at)
    raise UnauthenticatedError(_WRONG)


async def log_in_with_passkey(
    identity: Identity, token: str, credential: Mapping[str, Any], *, network: str, device: str, at: int
) -> Opened:
    """Return a session of whoever's passkey answered. Raises UnauthenticatedError. Locks are not asked: a passkey cannot be guessed."""
    person = await use_passkey(identity, token, credential, network=network, at=at)
    async with identity.database.transaction() as connection:
        return await open_session(identity, connection, person, methods=(PASSKEY,), network=network, device=device, at=at)


async def confirm_code(identity: Identity, person: PersonRow, code: str, *, network: str, at: int) -> None:
    """Check by a code of their app that it is still the person who holds the session. Raises UnauthenticatedError, LockedError."""
    async with identity.database.transaction() as connection:
        attempt = await begin_attempt(
            connection, identity.vault, email_key=person.email_key, person_id=person.id, network=network, at=at
        )
    async with identity.database.transaction() as connection:
        if await check_totp(identity, connection, person.id, code, at=at):
            await forgive(connection, attempt)
            return
    await note_failure(identity, person, attempt, network=network, at=at)
    raise UnauthenticatedError(_WRONG)


async def confirm_passkey(
    identity: Identity, person: PersonRow, token: str, credential: Mapping[str, Any], *, network: str, at: int
) -> None:
    """Check by a passkey that it is still the person who holds the session. Raises UnauthenticatedError."""
    found = await use_passkey(identity, token, credential, network=network, at=at)
    if found.id != person.id:
        raise UnauthenticatedError("This is somebody else's passkey.")


async def _is_right(
    identity: Identity,
    connection: AsyncConnection,
    person: PersonRow,
    code: str | None,
    recovery_code: str | None,
    *,
    network: str,
    at: int,
) -> bool:
    if code is not None:
        return await check_totp(identity, connection, person.id, code, at=at)
    actor = Actor(person.id, network=network)
    return await spend_recovery_code(identity, connection, person, recovery_code or "", actor=actor, at=at)
