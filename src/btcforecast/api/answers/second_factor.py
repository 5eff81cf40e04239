"""Second factors as they are shown."""

from __future__ import annotations

from btcforecast.accounts.second_factor.passkeys import can_have_passkeys
from btcforecast.accounts.second_factor.state import what_is_set_up
from btcforecast.api.schemas.accounts import Passkey, SecondFactorState
from btcforecast.api.service import Service
from btcforecast.core import to_rfc3339
from btcforecast.store.second_factor import PasskeyRow


async def state(service: Service, person_id: str) -> SecondFactorState:
    """Return what a person has set up."""
    async with service.database.read() as connection:
        found = await what_is_set_up(connection, person_id)
    return SecondFactorState(
        totp_since=None if found.totp_since is None else to_rfc3339(found.totp_since),
        recovery_codes_left=found.n_recovery_codes,
        passkeys=[passkey(row) for row in found.passkeys],
        passkeys_possible=can_have_passkeys(service.identity.public_url),
    )


def passkey(row: PasskeyRow) -> Passkey:
    """Return a passkey."""
    return Passkey(
        id=row.credential_id,
        name=row.name,
        created_at=to_rfc3339(row.created_at),
        last_used_at=None if row.last_used_at is None else to_rfc3339(row.last_used_at),
        backed_up=row.is_backed_up,
        transports=row.transports.split(),
    )
