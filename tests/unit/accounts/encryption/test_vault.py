"""Keys of the service: wrapped under SECRET_KEY, rotated without losing anything (ENV-1, JWT-1, DAT-1)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from btcforecast.accounts.audit import Actor
from btcforecast.accounts.encryption.rotation import drop_retired, rotate_secrets
from btcforecast.accounts.encryption.secret_key import load_or_create_secret_key, new_secret_key, weakness
from btcforecast.accounts.encryption.vault import Vault
from btcforecast.accounts.people import add_person
from btcforecast.core.errors import IntegrityError, SettingsError
from btcforecast.store.database import Database
from btcforecast.store.secrets import SealedStore, SecretKeyStore
from btcforecast.store.tables import totp_secrets

NOW = 1_764_547_200
DAY = 86400
COMMAND = Actor("command line")


async def opened(database: Database, key: str, previous: str = "", at: int = NOW) -> Vault:
    vault = Vault(key, previous)
    await vault.load(database, at=at)
    return vault


async def test_processes_that_start_together_hold_the_same_keys(database: Database):
    key = new_secret_key()
    vaults = await asyncio.gather(*(opened(database, key) for _ in range(4)))
    assert len({vault.signing for vault in vaults}) == 1
    assert vaults[0].open(vaults[1].seal(b"seed", place="totp:p_1"), place="totp:p_1") == b"seed"
    async with database.read() as connection:
        assert len(await SecretKeyStore(connection).all()) == 2


async def test_another_secret_key_opens_nothing_unless_the_old_one_is_given_too(database: Database):
    old, new = new_secret_key(), new_secret_key()
    before = await opened(database, old)
    with pytest.raises(SettingsError, match="SECRET_KEY_PREVIOUS"):
        await opened(database, new)
    between = await opened(database, new, old)
    after = await opened(database, new)
    assert before.signing == between.signing == after.signing
    with pytest.raises(SettingsError):
        await opened(database, old)


async def test_a_rotated_token_key_still_verifies_and_is_dropped_when_its_tokens_have_ended(database: Database):
    key = new_secret_key()
    vault = await opened(database, key)
    first, secret = vault.signing
    await rotate_secrets(database, vault, "token", actor=COMMAND, at=NOW + 1)
    other = await opened(database, key)
    assert other.signing[0] != first
    assert other.verifying(first) == secret
    assert await drop_retired(database, vault, at=NOW + 2 * DAY) == 1
    assert (await opened(database, key)).verifying(first) is None


async def test_rotating_data_encrypts_everything_anew_and_forgets_the_old_key(database: Database):
    vault = await opened(database, new_secret_key())
    async with database.transaction() as connection:
        person = await add_person(connection, email="ada@example.org", actor=COMMAND, at=NOW)
        place = f"totp:{person.id}"
        sealed = vault.seal(b"JBSWY3DPEHPK3PXP", place=place)
        await connection.execute(totp_secrets.insert().values(person_id=person.id, sealed=sealed, created_at=NOW))
    done = await rotate_secrets(database, vault, "data", actor=COMMAND, at=NOW + 1)
    assert done.n_encrypted == 1
    # A process that has not heard of it may have sealed with the old key meanwhile.
    assert await drop_retired(database, vault, at=NOW + DAY) == 0
    assert vault.open(sealed, place=place) == b"JBSWY3DPEHPK3PXP"
    assert await drop_retired(database, vault, at=NOW + 2 * DAY) == 1
    await vault.load(database, at=NOW + 2 * DAY)
    async with database.read() as connection:
        ((_, stored),) = await SealedStore(connection).all()
    assert vault.open(stored, place=place) == b"JBSWY3DPEHPK3PXP"
    with pytest.raises(IntegrityError, match="not here any more"):
        vault.open(sealed, place=place)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_was_changed_or_moved_does_not_open(database: Database):
    vault = await opened(database, new_secret_key())
    sealed = vault.seal(b"seed", place="totp:p_1")
    with pytest.raises(IntegrityError):
        vault.open(sealed, place="totp:p_2")
    for at in range(8, len(sealed)):
        with pytest.raises(IntegrityError):
            vault.open(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], place="totp:p_1")
    assert b"seed" not in sealed


def test_keys_that_are_made_here_are_good():
    assert [weakness(new_secret_key()) for _ in range(2000)] == [None] * 2000


def test_the_file_of_development_is_made_once_and_private(tmp_path: Path):
    path = tmp_path / "var" / "secret.key"
    first = load_or_create_secret_key(path)
    assert load_or_create_secret_key(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("changeme")
    with pytest.raises(SettingsError, match="has 8 characters"):
        load_or_create_secret_key(path)
