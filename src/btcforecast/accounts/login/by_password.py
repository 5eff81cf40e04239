"""Logging in with a password, and the step after it where there is a second factor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.accounts.audit import ANONYMOUS, Actor, AuditLog
from btcforecast.accounts.identity import Identity
from btcforecast.accounts.login.lockout import Attempt, begin_attempt, forgive
from btcforecast.accounts.login.one_time import LIFETIMES, Purpose, make_one_time
from btcforecast.accounts.login.sessions import PASSWORD, Opened, open_session
from btcforecast.accounts.mail.letters import Letter
from btcforecast.accounts.people import email_of
from btcforecast.accounts.second_factor.state import second_factors
from btcforecast.core import to_rfc3339
from btcforecast.core.errors import UnauthenticatedError
from btcforecast.store.people import PeopleStore, PersonRow

_WRONG: Final = (
    "The address or the password is wrong. If you have just signed up, the account begins with the link in the mail that we sent."
)


@dataclass(frozen=True, slots=True)
class Challenge:
    """The password was right, and a second factor is asked for. methods: totp, recovery_code or passkey."""

    token: str
    methods: tuple[str, ...]
    expires_in_s: int


async def log_in(identity: Identity, *, email: str, password: str, network: str, device: str, at: int) -> Opened | Challenge:
    """Return a session, or what else is asked for.

    Somebody without an account, without a password, or with a wrong one gets the same answer after the same work. Raises
    UnauthenticatedError, LockedError, InputError for what is no address.
    """
    _, email_key = email_of(email)
    database = identity.database
    async with database.transaction() as connection:
        person = await PeopleStore(connection).person(email_key=email_key)
        attempt = await begin_attempt(
            connection, identity.vault, email_key=email_key, person_id=person.id if person else None, network=network, at=at
        )
    password_hash = None if person is None else person.password_hash
    is_right = await identity.passwords.verify(password, password_hash)
    if person is None or password_hash is None or not is_right:
        await note_failure(identity, person, attempt, network=network, at=at)
        raise UnauthenticatedError(_WRONG)
    if person.disabled_at is not None:
        raise UnauthenticatedError("This account is disabled; ask an administrator.")
    renewed = await identity.passwords.hash(password) if identity.passwords.is_outdated(password_hash) else None
    async with database.transaction() as connection:
        if renewed is not None:
            await PeopleStore(connection).change(person.id, password_hash=renewed)
        methods = await second_factors(connection, person.id)
        if methods:
            # The attempt stays counted until the second factor is right, too, so that it slows whoever guesses at that.
            token = await make_one_time(connection, Purpose.SECOND_FACTOR, person_id=person.id, at=at)
            return Challenge(token, methods, LIFETIMES[Purpose.SECOND_FACTOR])
        await forgive(connection, attempt)
        return await open_session(identity, connection, person, methods=(PASSWORD,), network=network, device=device, at=at)


async def note_failure(identity: Identity, person: PersonRow | None, attempt: Attempt, *, network: str, at: int) -> None:
    """Write down that an attempt failed, and what it locked; the owner gets a letter when it begins to lock."""
    actor, subject = Actor(ANONYMOUS, network=network), None if person is None else person.id
    async with identity.database.transaction() as connection:
        audit = AuditLog(connection)
        await audit.record("login.failed", actor=actor, at=at, subject=subject, result="refused")
        if attempt.locked_until:
            facts = {"until": to_rfc3339(attempt.locked_until)}
            await audit.record("login.locked", actor=actor, at=at, subject=subject, result="refused", facts=facts)
        if person is not None and attempt.locks_first:
            await _tell_owner(identity, connection, person, attempt, at=at)


async def _tell_owner(identity: Identity, connection: AsyncConnection, person: PersonRow, attempt: Attempt, *, at: int) -> None:
    token = await make_one_time(connection, Purpose.UNLOCK, person_id=person.id, at=at)
    until = to_rfc3339(attempt.locked_until)
    await identity.write_to(
        connection, person, Letter.ACCOUNT_LOCKED, {"link": identity.link("unlock", token), "until": until}, at=at
    )
