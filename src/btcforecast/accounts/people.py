"""People: who there is, what they may do, and how that changes. Every change is an entry of the audit log."""

from __future__ import annotations

import secrets
import unicodedata
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.accounts.audit import Actor, AuditLog
from btcforecast.accounts.plans import PlanName
from btcforecast.accounts.roles import RoleName
from btcforecast.core.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from btcforecast.store.audit import AuditStore
from btcforecast.store.people import PeopleStore, PersonRow

_LONGEST_NAME: Final = 100
_LAST_ADMINISTRATOR: Final = "This is the last administrator; make somebody else one first."


async def add_person(
    connection: AsyncConnection, *, email: str, name: str = "", role: RoleName = RoleName.READER, actor: Actor, at: int
) -> PersonRow:
    """Add a person and return them. Raises InputError for an address that cannot be, ConflictError for one that is taken."""
    shown, key = email_of(email)
    check_name(name)
    await AuditStore(connection).lock()
    store = PeopleStore(connection)
    if await store.person(email_key=key) is not None:
        raise ConflictError(f"There is an account for {shown} already.")
    person = PersonRow(f"p_{secrets.token_hex(12)}", shown, key, name, role, at)
    await store.add(person)
    await AuditLog(connection).record("person.added", actor=actor, at=at, subject=person.id, facts={"role": role})
    return person


async def find_person(connection: AsyncConnection, who: str) -> PersonRow:
    """Return the person with that id or address. Raises NotFoundError."""
    store = PeopleStore(connection)
    found = await store.person(person_id=who) if "@" not in who else await store.person(email_key=email_of(who)[1])
    if found is None:
        raise NotFoundError(f"There is nobody “{who[:80]}”.")
    return found


async def set_role(connection: AsyncConnection, person_id: str, role: RoleName, *, actor: Actor, at: int) -> PersonRow:
    """Give a person another role and return them.

    Raises ForbiddenError where somebody changes their own role, ConflictError for the last administrator.
    """
    await AuditStore(connection).lock()
    person = await find_person(connection, person_id)
    if person.id == actor.id:
        raise ForbiddenError("Nobody changes their own role; another administrator can.")
    if role is not RoleName.ADMINISTRATOR:
        await _refuse_if_last(connection, person)
    facts = {"from": person.role, "to": str(role)}
    return await _change(connection, person, "person.role_changed", actor=actor, at=at, facts=facts, role=str(role))


async def rename_person(connection: AsyncConnection, person_id: str, name: str, *, actor: Actor, at: int) -> PersonRow:
    """Change what a person is called and return them. Raises InputError."""
    check_name(name)
    await AuditStore(connection).lock()
    person = await find_person(connection, person_id)
    return await _change(connection, person, "person.renamed", actor=actor, at=at, name=name)


async def set_plan(connection: AsyncConnection, person_id: str, plan: PlanName, *, actor: Actor, at: int) -> PersonRow:
    """Give a person another plan and return them."""
    await AuditStore(connection).lock()
    person = await find_person(connection, person_id)
    if person.plan == plan:
        return person
    facts = {"from": person.plan, "to": str(plan)}
    return await _change(connection, person, "person.plan_changed", actor=actor, at=at, facts=facts, plan=str(plan))


async def disable(connection: AsyncConnection, person_id: str, *, actor: Actor, at: int) -> PersonRow:
    """Make all keys of a person count for nothing until they are enabled again. Raises ConflictError for the last administrator."""
    await AuditStore(connection).lock()
    person = await find_person(connection, person_id)
    await _refuse_if_last(connection, person)
    if person.disabled_at is not None:
        return person
    return await _change(connection, person, "person.disabled", actor=actor, at=at, disabled_at=at)


async def enable(connection: AsyncConnection, person_id: str, *, actor: Actor, at: int) -> PersonRow:
    """Let a person's keys count again."""
    await AuditStore(connection).lock()
    person = await find_person(connection, person_id)
    if person.disabled_at is None:
        return person
    return await _change(connection, person, "person.enabled", actor=actor, at=at, disabled_at=None)


async def delete_person(connection: AsyncConnection, person_id: str, *, actor: Actor, at: int) -> None:
    """Delete a person and everything that is theirs; only the audit log keeps their random id. Raises ConflictError for the last administrator."""
    await AuditStore(connection).lock()
    person = await find_person(connection, person_id)
    await _refuse_if_last(connection, person)
    await PeopleStore(connection).delete(person.id)
    await AuditLog(connection).record("person.deleted", actor=actor, at=at, subject=person.id)


def email_of(text: str) -> tuple[str, str]:
    """Return an address of mail as it is shown and as it is compared. Raises InputError."""
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415  # many processes never read an address

    try:
        found = validate_email(unicodedata.normalize("NFKC", text.strip()), check_deliverability=False)
    except EmailNotValidError as e:
        # It is not repeated, because it may be a password that was typed one field too early.
        raise InputError(f"That is not an address of mail: {e}") from e
    return found.normalized, found.normalized.casefold()


def check_name(name: str) -> None:
    """Raise InputError for a name that cannot be shown."""
    if len(name) > _LONGEST_NAME or any(unicodedata.category(letter).startswith("C") for letter in name):
        raise InputError(f"A name has up to {_LONGEST_NAME} characters and no control characters.")


async def _refuse_if_last(connection: AsyncConnection, person: PersonRow) -> None:
    is_one = person.role == RoleName.ADMINISTRATOR and person.disabled_at is None
    if is_one and await PeopleStore(connection).n_enabled(RoleName.ADMINISTRATOR) == 1:
        raise ConflictError(_LAST_ADMINISTRATOR)


async def _change(
    connection: AsyncConnection,
    person: PersonRow,
    action: str,
    *,
    actor: Actor,
    at: int,
    facts: dict[str, Any] | None = None,
    **values: Any,
) -> PersonRow:
    await PeopleStore(connection).change(person.id, **values)
    await AuditLog(connection).record(action, actor=actor, at=at, subject=person.id, facts=facts)
    return await find_person(connection, person.id)
