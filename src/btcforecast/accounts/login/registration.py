"""Signing up: nothing is an account before the link in the mail was opened.

Until then name, address and the password's hash lie in the single-use token of that link, so that nobody can hold an address that is not
theirs, and the password that counts is of whoever can read the mail.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.accounts.audit import Actor, AuditLog
from btcforecast.accounts.identity import Identity
from btcforecast.accounts.login.one_time import HOUR, LIFETIMES, Purpose, make_one_time, spend_one_time
from btcforecast.accounts.mail.letters import Letter, post
from btcforecast.accounts.people import add_person, check_name, email_of
from btcforecast.store.people import PeopleStore, PersonRow


async def register(identity: Identity, *, email: str, name: str, password: str, at: int) -> None:
    """Write a letter to the address: with a link that makes the account, or that there is one already.

    The caller learns neither. Raises InputError, WeakPasswordError, and UnavailableError where no mail can be sent.
    """
    identity.need_mail("signing up")
    shown, key = email_of(email)
    check_name(name)
    chosen = await identity.passwords.check_new(password, words=(shown, name))
    password_hash = await identity.passwords.hash(chosen)
    async with identity.database.transaction() as connection:
        person = await PeopleStore(connection).person(email_key=key)
        if person is not None:
            await identity.write_to(connection, person, Letter.ALREADY_REGISTERED, {"link": identity.link("login")}, at=at)
            return
        facts = {"email": shown, "name": name, "password_hash": password_hash}
        token = await make_one_time(connection, Purpose.REGISTER, person_id=None, facts=facts, at=at)
        said = {"link": identity.link("verify", token), "hours": str(LIFETIMES[Purpose.REGISTER] // HOUR)}
        await post(connection, identity.vault, Letter.VERIFY_ADDRESS, to=shown, person_id=None, facts=said, at=at)


async def finish_registration(identity: Identity, token: str, *, network: str, at: int) -> PersonRow:
    """Make the account that a link was sent for, and return its person.

    Raises UnauthenticatedError for a link that does not count, ConflictError where the account was made meanwhile.
    """
    async with identity.database.transaction() as connection:
        asked = await spend_one_time(connection, token, Purpose.REGISTER, at=at)
        facts: dict[str, Any] = asked.facts
        person = await add_person(
            connection, email=facts["email"], name=facts["name"], actor=Actor("anonymous", network=network), at=at
        )
        values = {"password_hash": facts["password_hash"], "password_changed_at": at, "email_verified_at": at}
        await PeopleStore(connection).change(person.id, **values)
        return replace(person, **values)


async def invite(identity: Identity, connection: AsyncConnection, person: PersonRow, *, actor: Actor, at: int) -> None:
    """Write to somebody whom an administrator added, with a link to choose a password, where mail can be sent."""
    if not identity.sends_mail:
        return
    token = await make_one_time(connection, Purpose.INVITE, person_id=person.id, at=at)
    hours = str(LIFETIMES[Purpose.INVITE] // HOUR)
    await identity.write_to(connection, person, Letter.INVITED, {"link": identity.link("reset", token), "hours": hours}, at=at)
    await AuditLog(connection).record("person.invited", actor=actor, at=at, subject=person.id)
