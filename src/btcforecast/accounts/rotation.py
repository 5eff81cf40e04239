"""New keys for the service itself: access tokens signed with another, or everything that is encrypted encrypted anew."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.accounts.audit import Actor, AuditLog
from btcforecast.accounts.vault import Purpose, Vault, sealed_with
from btcforecast.store.audit import AuditStore
from btcforecast.store.database import Database
from btcforecast.store.secrets import SealedStore, SecretKeyStore

_TOKEN_KEYS_KEPT_S = 86400
"""An access token counts for an hour at most; a retired key is dropped when nothing can still be signed with it."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What was done. key_id: of the new key; n_encrypted: how many stored secrets were encrypted anew."""

    purpose: Purpose
    key_id: str
    n_encrypted: int


async def rotate_secrets(database: Database, vault: Vault, purpose: Purpose, *, actor: Actor, at: int) -> Rotation:
    """Make a new key and drop those that nothing needs any more, in one transaction: a crash leaves everything as it was."""
    await vault.load(database, at=at)
    async with database.transaction() as connection:
        await AuditStore(connection).lock()
        key_id = await vault.rotate(connection, purpose, at=at)
        n_encrypted = await _encrypt_anew(connection, vault) if purpose == "data" else 0
        await _drop_retired(connection, purpose, at=at)
        await AuditLog(connection).record(
            "secret.rotated", actor=actor, at=at, facts={"purpose": purpose, "key": key_id, "n_encrypted": n_encrypted}
        )
    await vault.load(database, at=at)
    return Rotation(purpose, key_id, n_encrypted)


async def _encrypt_anew(connection: AsyncConnection, vault: Vault) -> int:
    store, n = SealedStore(connection), 0
    for place, sealed in await store.all():
        if sealed_with(sealed) != vault.sealing_with:
            await store.put(place, vault.seal(vault.open(sealed, place=place), place=place))
            n += 1
    return n


async def _drop_retired(connection: AsyncConnection, purpose: Purpose, *, at: int) -> None:
    store = SecretKeyStore(connection)
    for row in await store.all():
        # Nothing is encrypted with a retired data key any more; a token key has its tokens' lifetime left.
        is_needed = row.retired_at is None or (purpose == "token" and row.retired_at >= at - _TOKEN_KEYS_KEPT_S)
        if row.purpose == purpose and not is_needed:
            await store.drop(row.id)
