"""Changing what somebody logs in with: password and address, with or without the old ones."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.accounts.audit import Actor, AuditLog
from btcforecast.accounts.identity import Identity
from btcforecast.accounts.login.lockout import begin_attempt, forgive, unlock
from btcforecast.accounts.login.one_time import (
    HOUR,
    LIFETIMES,
    MINUTE,
    Purpose,
    make_one_time,
    purpose_of,
    read_one_time,
    spend_one_time,
)
from btcforecast.accounts.login.sessions import end_sessions
from btcforecast.accounts.mail.letters import Letter, post
from btcforecast.accounts.people import email_of, find_person
from btcforecast.core import to_rfc3339
from btcforecast.core.errors import ConflictError, InputError, UnauthenticatedError
from btcforecast.store.audit import AuditStore
from btcforecast.store.people import PeopleStore, PersonRow
from btcforecast.store.sessions import OneTimeTokenStore, SessionRow, SessionStore

_BY_LINK = (Purpose.RESET_PASSWORD, Purpose.INVITE)


async def confirm_password(identity: Identity, person: PersonRow, password: str, *, network: str, at: int) -> None:
    """Check that it is still the person who holds the session. Raises UnauthenticatedError, and LockedError after some failures."""
    async with identity.database.transaction() as connection:
        attempt = await begin_attempt(
            connection, identity.vault, email_key=person.email_key, person_id=person.id, network=network, at=at
        )
    if not await identity.passwords.verify(password, person.password_hash):
        raise UnauthenticatedError("This is not the password of your account.")
    async with identity.database.transaction() as connection:
        await forgive(connection, attempt)


async def renew_login(connection: AsyncConnection, session: SessionRow, *, actor: Actor, at: int) -> SessionRow:
    """Note that the person has just proved who they are in this session, and return it."""
    await SessionStore(connection).change(session.id, authenticated_at=at)
    await AuditLog(connection).record("session.confirmed", actor=actor, at=at, subject=actor.id, facts={"session": session.id})
    return replace(session, authenticated_at=at)


async def change_password(
    identity: Identity, person: PersonRow, password: str, *, actor: Actor, at: int, keep_session: str | None = None
) -> int:
    """Set a new password, end all other sessions, and return how many ended. Raises WeakPasswordError."""
    password_hash = await _hashed_new(identity, person, password)
    async with identity.database.transaction() as connection:
        return await _set_password(
            identity, connection, person, password_hash, "password.changed", actor=actor, at=at, keep_session=keep_session
        )


async def forget_password(identity: Identity, *, email: str, network: str, at: int) -> None:
    """Write a letter with a link to choose a new password, if there is an account. Raises UnavailableError where no mail can be sent."""
    identity.need_mail("choosing a new password by mail")
    _, key = email_of(email)
    async with identity.database.transaction() as connection:
        person = await PeopleStore(connection).person(email_key=key)
        if person is None or person.disabled_at is not None:
            return
        token = await make_one_time(connection, Purpose.RESET_PASSWORD, person_id=person.id, at=at)
        minutes = str(LIFETIMES[Purpose.RESET_PASSWORD] // MINUTE)
        link = identity.link("reset", token)
        await identity.write_to(connection, person, Letter.RESET_PASSWORD, {"link": link, "minutes": minutes}, at=at)
        await AuditLog(connection).record(
            "password.forgotten", actor=Actor("anonymous", network=network), at=at, subject=person.id
        )


async def reset_password(identity: Identity, token: str, password: str, *, network: str, at: int) -> PersonRow:
    """Set the password for which a link was sent: it also shows that mail arrives, and unlocks. All sessions end.

    Raises UnauthenticatedError for a link that does not count, and WeakPasswordError, which leaves the link as it is.
    """
    async with identity.database.read() as connection:
        person, purpose = await _person_of(connection, token, at=at)
    password_hash = await _hashed_new(identity, person, password)
    async with identity.database.transaction() as connection:
        await spend_one_time(connection, token, purpose, at=at)
        # Other links that were on their way would undo what was just done.
        await OneTimeTokenStore(connection).drop_of(person.id, (*_BY_LINK, Purpose.UNLOCK))
        await unlock(connection, identity.vault, email_key=person.email_key, person_id=person.id)
        actor = Actor(person.id, network=network)
        await _set_password(identity, connection, person, password_hash, "password.reset", actor=actor, at=at)
        if person.email_verified_at is None:
            await PeopleStore(connection).change(person.id, email_verified_at=at)
        return await find_person(connection, person.id)


async def unlock_by_link(identity: Identity, token: str, *, network: str, at: int) -> None:
    """End a lock with the link that was sent when it began. Raises UnauthenticatedError."""
    async with identity.database.transaction() as connection:
        asked = await spend_one_time(connection, token, Purpose.UNLOCK, at=at)
        person = await find_person(connection, asked.person_id or "")
        await unlock_person(identity, connection, person, actor=Actor(person.id, network=network), at=at)


async def unlock_person(identity: Identity, connection: AsyncConnection, person: PersonRow, *, actor: Actor, at: int) -> None:
    """End a person's lock and forget the failures before it."""
    await unlock(connection, identity.vault, email_key=person.email_key, person_id=person.id)
    await AuditLog(connection).record("login.unlocked", actor=actor, at=at, subject=person.id)


async def ask_new_address(identity: Identity, person: PersonRow, email: str, *, actor: Actor, at: int) -> None:
    """Write to both addresses; the account changes to the new one when both links were opened. Raises InputError, UnavailableError."""
    identity.need_mail("changing the address")
    shown, key = email_of(email)
    if key == person.email_key:
        raise InputError("This is the address of your account already.")
    async with identity.database.transaction() as connection:
        await OneTimeTokenStore(connection).drop_of(person.id, (Purpose.CONFIRM_NEW_ADDRESS, Purpose.CONFIRM_OLD_ADDRESS))
        await AuditLog(connection).record("email.change_asked", actor=actor, at=at, subject=person.id)
        other = await PeopleStore(connection).person(email_key=key)
        if other is not None:
            # Who asks learns nothing; who has that account learns that somebody tried.
            await identity.write_to(connection, other, Letter.ALREADY_REGISTERED, {"link": identity.link("login")}, at=at)
            return
        facts = {"email": shown}
        new = await make_one_time(connection, Purpose.CONFIRM_NEW_ADDRESS, person_id=person.id, facts=facts, at=at)
        old = await make_one_time(connection, Purpose.CONFIRM_OLD_ADDRESS, person_id=person.id, facts=facts, at=at)
        hours = str(LIFETIMES[Purpose.CONFIRM_NEW_ADDRESS] // HOUR)
        await post(
            connection,
            identity.vault,
            Letter.CONFIRM_NEW_ADDRESS,
            to=shown,
            person_id=person.id,
            facts={"link": identity.link("confirm-address", new), "hours": hours},
            at=at,
        )
        link = identity.link("confirm-address", old)
        await identity.write_to(connection, person, Letter.ADDRESS_CHANGE_ASKED, {"new": shown, "link": link}, at=at)


async def confirm_address(identity: Identity, token: str, *, network: str, at: int) -> bool:
    """Confirm a change of address from one side; True where the other side had, so that it is done now.

    Raises UnauthenticatedError for a link that does not count, ConflictError where somebody else has the address by now.
    """
    async with identity.database.transaction() as connection:
        await AuditStore(connection).lock()
        store = OneTimeTokenStore(connection)
        new, old = Purpose.CONFIRM_NEW_ADDRESS, Purpose.CONFIRM_OLD_ADDRESS
        purpose = await purpose_of(connection, token, (new, old), at=at)
        asked = await spend_one_time(connection, token, purpose, at=at)
        other = old if purpose is new else new
        if not await store.is_spent(asked.person_id or "", other):
            return False
        person = await find_person(connection, asked.person_id or "")
        await set_address(identity, connection, person, asked.facts["email"], actor=Actor(person.id, network=network), at=at)
        await store.drop_of(person.id, (purpose, other))
        return True


async def set_address(
    identity: Identity, connection: AsyncConnection, person: PersonRow, email: str, *, actor: Actor, at: int
) -> None:
    """Change a person's address and tell the old one. Raises ConflictError where somebody else has it."""
    shown, key = email_of(email)
    await AuditStore(connection).lock()
    store = PeopleStore(connection)
    other = await store.person(email_key=key)
    if other is not None and other.id != person.id:
        raise ConflictError(f"There is an account for {shown} already.")
    await store.change(person.id, email=shown, email_key=key, email_verified_at=at)
    await AuditLog(connection).record("email.changed", actor=actor, at=at, subject=person.id)
    await identity.write_to(connection, person, Letter.ADDRESS_CHANGED, {"new": shown, "at": to_rfc3339(at)}, at=at)


async def _set_password(
    identity: Identity,
    connection: AsyncConnection,
    person: PersonRow,
    password_hash: str,
    action: str,
    *,
    actor: Actor,
    at: int,
    keep_session: str | None = None,
) -> int:
    values = {"password_hash": password_hash, "password_changed_at": at, "password_is_default": False}
    await PeopleStore(connection).change(person.id, **values)
    await AuditLog(connection).record(action, actor=actor, at=at, subject=person.id)
    n_ended = await end_sessions(connection, person.id, actor=actor, at=at, but=keep_session)
    await identity.write_to(connection, person, Letter.PASSWORD_CHANGED, {"at": to_rfc3339(at)}, at=at)
    return n_ended


async def _hashed_new(identity: Identity, person: PersonRow, password: str) -> str:
    chosen = await identity.passwords.check_new(password, words=(person.email, person.name))
    return await identity.passwords.hash(chosen)


async def _person_of(connection: AsyncConnection, token: str, *, at: int) -> tuple[PersonRow, Purpose]:
    purpose = await purpose_of(connection, token, _BY_LINK, at=at)
    asked = await read_one_time(connection, token, purpose, at=at)
    return await find_person(connection, asked.person_id or ""), purpose
