"""Recovery codes: what lets somebody in whose authenticator app is gone. Each has 120 random bits, is shown once and counts once."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.accounts.audit import Actor
from btcforecast.accounts.identity import Identity
from btcforecast.accounts.second_factor.state import note_change
from btcforecast.core import counted
from btcforecast.core.errors import ConflictError
from btcforecast.store.people import PersonRow
from btcforecast.store.second_factor import SecondFactorStore

N_CODES: Final = 10
_BYTES: Final = 15
_GROUP: Final = 4
# The alphabet (RFC 4648, section 6) lacks these digits, so whoever types them has misread a letter.
_MISREAD: Final = str.maketrans("018", "OIB", " -–\t")


async def make_recovery_codes(
    identity: Identity, connection: AsyncConnection, person: PersonRow, *, actor: Actor, at: int
) -> tuple[str, ...]:
    """Return new codes, which nobody can read again; all older ones count for nothing. Raises ConflictError without an authenticator app."""
    if not await SecondFactorStore(connection).has_totp(person.id):
        raise ConflictError("Recovery codes stand in for an authenticator app; set one up first.")
    codes = await put_new_codes(connection, person.id, at=at)
    what = "New recovery codes were made; the older ones count no longer."
    await note_change(identity, connection, person, "recovery_codes.made", what, actor=actor, at=at, facts={"n": len(codes)})
    return codes


async def put_new_codes(connection: AsyncConnection, person_id: str, *, at: int) -> tuple[str, ...]:
    """Return new codes in place of all others."""
    codes = tuple(_new_code() for _ in range(N_CODES))
    await SecondFactorStore(connection).put_codes(person_id, map(_hashed, codes), at=at)
    return codes


async def spend_recovery_code(
    identity: Identity, connection: AsyncConnection, person: PersonRow, code: str, *, actor: Actor, at: int
) -> bool:
    """Spend a code; False where it is none of theirs or was spent before."""
    store = SecondFactorStore(connection)
    if not await store.spend_code(person.id, _hashed(code), at=at):
        return False
    n_left = await store.n_codes_left(person.id)
    what = f"A recovery code was used to log in; {counted(n_left, 'code')} left."
    await note_change(identity, connection, person, "recovery_code.used", what, actor=actor, at=at, facts={"n_left": n_left})
    return True


def _new_code() -> str:
    text = base64.b32encode(secrets.token_bytes(_BYTES)).decode()
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def _hashed(code: str) -> bytes:
    return hashlib.sha256(code.upper().translate(_MISREAD).encode()).digest()
