"""Which second factors a person has set up."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.store.second_factor import SecondFactorStore


async def second_factors(connection: AsyncConnection, person_id: str) -> tuple[str, ...]:
    """Return what may be asked for after the password, empty where nothing was set up: totp and recovery_code, or passkey."""
    store = SecondFactorStore(connection)
    has_totp, n_passkeys = await store.has_totp(person_id), await store.n_passkeys(person_id)
    found = ["totp", "recovery_code"] if has_totp else []
    return (*found, "passkey") if n_passkeys and has_totp else tuple(found)
