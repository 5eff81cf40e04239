"""New keys for the service itself: access tokens signed with another, or everything that is encrypted encrypted anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.accounts.audit import Actor, AuditLog
from btcforecast.accounts.encryption.vault import Purpose, Vault, sealed_with
from btcforecast.store.audit import AuditStore
from btcforecast.store.database import Database
from btcforecast.store.secrets import SealedStore, SecretKeyStore

RETIRED_KEPT_S: Final = 86400
"""An access token counts for an hour at most, and a process that has not heard of a new key encrypts with the one before for a minute."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What was done. key_id: of the new key; n_encrypted: how many stored secrets were encrypted anew."""

    purpose: Purpose
    key_id: str
    n_encrypted: int


async def rotate_secrets(database: Database, vault: Vault, purpose: Purpose, *, actor: Actor, at: int) -> Rotation:
    """Make a new key, in one transaction: a crash leaves everything as it was. The old one is dropped by `drop_retired`, a day later."""
    await vault.load(database, at=at)
    async with database.transaction() as connection:
        await AuditStore(connection).lock()
        key_id = await vault.rotate(connection, purpose, at=at)
        n_encrypted = await _encrypt_anew(connection, vault) if purpose == "data" else 0
        facts = {"purpose": purpose, "key": key_id, "n_encrypted": n_encrypted}
        await AuditLog(connection).record("secret.rotated", actor=actor, at=at, facts=facts)
    await vault.load(database, at=at)
    return Rotation(purpose, key_id, n_encrypted)


async def drop_retired(database: Database, vault: Vault, *, at: int) -> int:
    """Forget keys that were retired long enough ago that nothing needs them, and return how many went."""
    await vault.load(database, at=at)
    async with database.transaction() as connection:
        store = SecretKeyStore(connection)
        await store.lock()
        old = [row for row in await store.all() if row.retired_at is not None and row.retired_at < at - RETIRED_KEPT_S]
        if old:
            await _encrypt_anew(connection, vault)
        for row in old:
            await store.drop(row.id)
    return len(old)


async def _encrypt_anew(connection: AsyncConnection, vault: Vault) -> int:
    store, n = SealedStore(connection), 0
    for place, sealed in await store.all():
        if sealed_with(sealed) != vault.sealing_with:
            await store.put(place, vault.seal(vault.open(sealed, place=place), place=place))
            n += 1
    return n
