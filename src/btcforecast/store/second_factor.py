"""Second factors: rows in and out. What they mean is decided in `accounts`."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.store.tables import passkeys, totp_secrets


class SecondFactorStore:
    """Second factors on the caller's connection; never commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def has_totp(self, person_id: str) -> bool:
        """Say whether a person's codes are asked for."""
        which = (totp_secrets.c.person_id == person_id, totp_secrets.c.confirmed_at.is_not(None))
        return await self._connection.scalar(select(totp_secrets.c.person_id).where(*which)) is not None

    async def n_passkeys(self, person_id: str) -> int:
        """Return how many passkeys a person has."""
        query = select(func.count()).select_from(passkeys).where(passkeys.c.person_id == person_id)
        return int(await self._connection.scalar(query) or 0)
