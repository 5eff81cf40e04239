"""Which second factors a person has set up, and what happens around every change of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.accounts.audit import Actor, AuditLog
from btcforecast.accounts.identity import Identity
from btcforecast.accounts.mail.letters import Letter
from btcforecast.core import to_rfc3339
from btcforecast.core.errors import NotFoundError
from btcforecast.store.people import PersonRow
from btcforecast.store.second_factor import PasskeyRow, PasskeyStore, SecondFactorStore


@dataclass(frozen=True, slots=True)
class SetUp:
    """What a person has set up. totp_since: None where no codes are asked for."""

    totp_since: int | None
    n_recovery_codes: int
    passkeys: tuple[PasskeyRow, ...]


async def second_factors(connection: AsyncConnection, person_id: str) -> tuple[str, ...]:
    """Return what may be asked for after the password, empty without an app: totp, recovery_code, and passkey."""
    store = SecondFactorStore(connection)
    # A passkey alone logs in by itself and is not asked for after a password.
    if not await store.has_totp(person_id):
        return ()
    return ("totp", "recovery_code", *(["passkey"] if await store.n_passkeys(person_id) else []))


async def what_is_set_up(connection: AsyncConnection, person_id: str) -> SetUp:
    """Return what a person has set up."""
    store = SecondFactorStore(connection)
    totp = await store.totp(person_id)
    keys = await PasskeyStore(connection).of_person(person_id)
    return SetUp(None if totp is None else totp.confirmed_at, await store.n_codes_left(person_id), tuple(keys))


async def note_change(
    identity: Identity,
    connection: AsyncConnection,
    person: PersonRow,
    action: str,
    what: str,
    *,
    actor: Actor,
    at: int,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write a change down in the audit log and in a letter to the person. what: a sentence for them."""
    await AuditLog(connection).record(action, actor=actor, at=at, subject=person.id, facts=facts)
    said = {"what": what, "at": to_rfc3339(at)}
    await identity.write_to(connection, person, Letter.SECOND_FACTOR_CHANGED, said, at=at)


async def reset_second_factor(
    identity: Identity, connection: AsyncConnection, person: PersonRow, *, actor: Actor, at: int
) -> None:
    """Remove everything that a person has set up, for somebody who has lost it all. Raises NotFoundError where there is nothing."""
    store = SecondFactorStore(connection)
    had_totp, n_passkeys = await store.drop_totp(person.id), await PasskeyStore(connection).drop_all(person.id)
    await store.put_codes(person.id, (), at=at)
    if not (had_totp or n_passkeys):
        raise NotFoundError("No second factor is set up.")
    what = "An administrator removed your authenticator app, recovery codes and passkeys. Your password alone logs you in now."
    facts = {"totp": had_totp, "n_passkeys": n_passkeys}
    await note_change(identity, connection, person, "second_factor.reset", what, actor=actor, at=at, facts=facts)
