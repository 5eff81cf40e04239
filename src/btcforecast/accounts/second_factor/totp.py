"""Codes of an authenticator app (RFC 6238): six digits that change every half-minute. None counts twice."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.accounts.audit import Actor
from btcforecast.accounts.identity import Identity
from btcforecast.accounts.second_factor.recovery_codes import put_new_codes
from btcforecast.accounts.second_factor.state import note_change
from btcforecast.core.errors import ConflictError, InputError, IntegrityError, NotFoundError
from btcforecast.store.people import PersonRow
from btcforecast.store.second_factor import SecondFactorStore, TotpRow

STEP_S: Final = 30
_STEPS_OFF: Final = 1
"""By how much a phone's clock may be off (RFC 6238, section 5.2)."""
CONFIRM_WITHIN_S: Final = 900
_CODE: Final = re.compile(r"[0-9]{6}")
_ISSUER: Final = "btcforecast"


@dataclass(frozen=True, slots=True)
class NewTotp:
    """What an authenticator app is given, this once. uri: otpauth://…, for a QR code; secret: the same to be typed, in base32."""

    uri: str
    secret: str


async def begin_totp(identity: Identity, connection: AsyncConnection, person: PersonRow, *, at: int) -> NewTotp:
    """Make what an app's codes come from; they are asked for when the first one was shown. Raises ConflictError where there is an app."""
    import pyotp  # noqa: PLC0415  # few processes make codes

    store = SecondFactorStore(connection)
    if await store.has_totp(person.id):
        raise ConflictError("An authenticator app is set up already; remove it first.")
    secret = pyotp.random_base32()
    sealed = identity.vault.seal(secret.encode(), place=_place(person.id))
    await store.put_totp(TotpRow(person.id, sealed, at))
    return NewTotp(pyotp.TOTP(secret, name=person.email, issuer=_ISSUER).provisioning_uri(), secret)


async def confirm_totp(
    identity: Identity, connection: AsyncConnection, person: PersonRow, code: str, *, actor: Actor, at: int
) -> tuple[str, ...]:
    """Ask for the app's codes from now on, and return recovery codes, which nobody can read again.

    Raises InputError for a wrong code, ConflictError where nothing was begun lately.
    """
    store = SecondFactorStore(connection)
    row = await store.totp(person.id)
    if row is None or row.confirmed_at is not None or at - row.created_at > CONFIRM_WITHIN_S:
        raise ConflictError(
            "There is nothing to confirm: begin to set up an authenticator app, and confirm it within 15 minutes."
        )
    step = await _step_of(identity, row, code, at=at)
    if step is None or not await store.take_step(person.id, step, confirmed_at=at):
        raise InputError("This is not the code that we expect; check that the clock of your device is right.")
    codes = await put_new_codes(connection, person.id, at=at)
    what = "An authenticator app was set up. Its codes are asked for after your password."
    await note_change(identity, connection, person, "totp.added", what, actor=actor, at=at)
    return codes


async def check_totp(identity: Identity, connection: AsyncConnection, person_id: str, code: str, *, at: int) -> bool:
    """Say whether a code is right, and take it: it does not count again, nor does any before it."""
    store = SecondFactorStore(connection)
    row = await store.totp(person_id)
    if row is None or row.confirmed_at is None:
        return False
    step = await _step_of(identity, row, code, at=at)
    return step is not None and await store.take_step(person_id, step)


async def remove_totp(identity: Identity, connection: AsyncConnection, person: PersonRow, *, actor: Actor, at: int) -> None:
    """Ask for no codes any more; recovery codes go with them. Raises NotFoundError where there is no app."""
    store = SecondFactorStore(connection)
    was_there = await store.has_totp(person.id)
    await store.drop_totp(person.id)
    await store.put_codes(person.id, (), at=at)
    if not was_there:
        raise NotFoundError("No authenticator app is set up.")
    what = "Your authenticator app was removed, and your recovery codes with it. Your password alone logs you in now."
    await note_change(identity, connection, person, "totp.removed", what, actor=actor, at=at)


async def _step_of(identity: Identity, row: TotpRow, code: str, *, at: int) -> int | None:
    """Return the time step whose code this is, or None."""
    import pyotp  # noqa: PLC0415  # as above

    text = code.replace(" ", "")
    if _CODE.fullmatch(text) is None:
        return None
    totp = pyotp.TOTP((await _opened(identity, row, at=at)).decode())
    now = at // STEP_S
    # All are compared, so that the clock tells nothing about which one it was.
    fitting = [
        step for step in range(now - _STEPS_OFF, now + _STEPS_OFF + 1) if hmac.compare_digest(totp.generate_otp(step), text)
    ]
    return fitting[-1] if fitting else None


async def _opened(identity: Identity, row: TotpRow, *, at: int) -> bytes:
    try:
        return identity.vault.open(row.sealed, place=_place(row.person_id))
    except IntegrityError:
        # It may have been encrypted anew with a key of which this process has not heard yet.
        await identity.vault.load(identity.database, at=at)
        return identity.vault.open(row.sealed, place=_place(row.person_id))


def _place(person_id: str) -> str:
    return f"totp:{person_id}"
