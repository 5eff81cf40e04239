"""Second factors: rows in and out. What they mean is decided in `accounts`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.store.tables import passkeys, recovery_codes, totp_secrets


@dataclass(frozen=True, slots=True)
class TotpRow:
    """What a person's codes are made from. sealed: encrypted; confirmed_at: None while no code has been shown to us."""

    person_id: str
    sealed: bytes
    created_at: int
    confirmed_at: int | None = None
    last_step: int = 0


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """A passkey. credential_id: in base64url; public_key: COSE; transports: separated by spaces."""

    credential_id: str
    person_id: str
    name: str
    public_key: bytes
    sign_count: int
    transports: str
    is_backed_up: bool
    created_at: int
    last_used_at: int | None = None


class SecondFactorStore:
    """Codes and how to make them, on the caller's connection; never commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def has_totp(self, person_id: str) -> bool:
        """Say whether a person's codes are asked for."""
        which = (totp_secrets.c.person_id == person_id, totp_secrets.c.confirmed_at.is_not(None))
        return await self._connection.scalar(select(totp_secrets.c.person_id).where(*which)) is not None

    async def totp(self, person_id: str) -> TotpRow | None:
        """Return what a person's codes are made from, also where it is not confirmed yet."""
        query = select(totp_secrets).where(totp_secrets.c.person_id == person_id)
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return None if row is None else TotpRow(**row)

    async def put_totp(self, row: TotpRow) -> None:
        """Store what a person's codes are made from, in place of what there was."""
        await self.drop_totp(row.person_id)
        await self._connection.execute(insert(totp_secrets).values(**asdict(row)))

    async def take_step(self, person_id: str, step: int, *, confirmed_at: int | None = None) -> bool:
        """Note that the code of a time step was shown; False where it or a later one was before, also at this moment elsewhere."""
        which = (totp_secrets.c.person_id == person_id, totp_secrets.c.last_step < step)
        values = {"last_step": step} if confirmed_at is None else {"last_step": step, "confirmed_at": confirmed_at}
        return (await self._connection.execute(update(totp_secrets).where(*which).values(**values))).rowcount == 1

    async def drop_totp(self, person_id: str) -> bool:
        """Forget what a person's codes are made from; say whether there was anything."""
        which = totp_secrets.c.person_id == person_id
        return (await self._connection.execute(delete(totp_secrets).where(which))).rowcount == 1

    async def put_codes(self, person_id: str, hashes: Iterable[bytes], *, at: int) -> None:
        """Store the hashes of new recovery codes in place of all others."""
        await self._connection.execute(delete(recovery_codes).where(recovery_codes.c.person_id == person_id))
        rows = [{"code_hash": code_hash, "person_id": person_id, "created_at": at} for code_hash in hashes]
        if rows:
            await self._connection.execute(insert(recovery_codes), rows)

    async def n_codes_left(self, person_id: str) -> int:
        """Return how many recovery codes are not spent."""
        which = (recovery_codes.c.person_id == person_id, recovery_codes.c.spent_at.is_(None))
        return int(await self._connection.scalar(select(func.count()).select_from(recovery_codes).where(*which)) or 0)

    async def spend_code(self, person_id: str, code_hash: bytes, *, at: int) -> bool:
        """Mark a recovery code as spent; False where it is none of theirs or was spent before, also at this moment elsewhere."""
        which = (
            recovery_codes.c.code_hash == code_hash,
            recovery_codes.c.person_id == person_id,
            recovery_codes.c.spent_at.is_(None),
        )
        return (await self._connection.execute(update(recovery_codes).where(*which).values(spent_at=at))).rowcount == 1

    async def n_passkeys(self, person_id: str) -> int:
        """Return how many passkeys a person has."""
        query = select(func.count()).select_from(passkeys).where(passkeys.c.person_id == person_id)
        return int(await self._connection.scalar(query) or 0)


class PasskeyStore:
    """Passkeys on the caller's connection; never commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, row: PasskeyRow) -> None:
        """Add a passkey."""
        await self._connection.execute(insert(passkeys).values(**asdict(row)))

    async def passkey(self, credential_id: str) -> PasskeyRow | None:
        """Return a passkey."""
        query = select(passkeys).where(passkeys.c.credential_id == credential_id)
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return None if row is None else PasskeyRow(**row)

    async def of_person(self, person_id: str) -> list[PasskeyRow]:
        """Return a person's passkeys, oldest first."""
        query = (
            select(passkeys).where(passkeys.c.person_id == person_id).order_by(passkeys.c.created_at, passkeys.c.credential_id)
        )
        return [PasskeyRow(**row) for row in (await self._connection.execute(query)).mappings()]

    async def change(self, credential_id: str, **values: Any) -> None:
        """Set columns of a passkey."""
        await self._connection.execute(update(passkeys).where(passkeys.c.credential_id == credential_id).values(**values))

    async def count_use(self, credential_id: str, *, sign_count: int, is_backed_up: bool, at: int) -> bool:
        """Note a use; False where its counter has not grown since the last one, also of one at this moment elsewhere.

        Passkeys that are kept in several places do not count, and say 0 each time (WebAuthn, section 6.1.1).
        """
        has_grown = passkeys.c.sign_count < sign_count if sign_count else passkeys.c.sign_count == 0
        values = {"sign_count": sign_count, "is_backed_up": is_backed_up, "last_used_at": at}
        which = (passkeys.c.credential_id == credential_id, has_grown)
        return (await self._connection.execute(update(passkeys).where(*which).values(**values))).rowcount == 1

    async def drop(self, credential_id: str) -> None:
        """Forget a passkey."""
        await self._connection.execute(delete(passkeys).where(passkeys.c.credential_id == credential_id))

    async def drop_all(self, person_id: str) -> int:
        """Forget a person's passkeys; return how many went."""
        return (await self._connection.execute(delete(passkeys).where(passkeys.c.person_id == person_id))).rowcount
