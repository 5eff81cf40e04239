"""Keys that sign tokens and encrypt what must be read back, all wrapped under SECRET_KEY.

SECRET_KEY itself signs and encrypts nothing but these keys, so that changing it rewraps a handful of rows and nobody notices. Encryption
is AES-256-GCM (NIST SP 800-38D) with a random nonce and the row's place as associated data, so that no ciphertext can be moved to
another row; keys are derived with HKDF (RFC 5869).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core.errors import IntegrityError, SettingsError, UnavailableError
from btcforecast.store.database import Database
from btcforecast.store.secrets import SecretKeyRow, SecretKeyStore

Purpose = Literal["token", "data"]
PURPOSES: Final[tuple[Purpose, ...]] = ("token", "data")
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_ID_LETTERS: Final = 8


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys of one purpose by id, and which of them is used for what is new."""

    current: str
    by_id: dict[str, bytes] = field(repr=False)


class Vault:
    """Holds the keys in memory; `load` before anything else, and again to see what other processes made.

    secret_key: SECRET_KEY; previous: SECRET_KEY_PREVIOUS, under which stored keys may still be wrapped.
    """

    def __init__(self, secret_key: str, previous: str = "") -> None:
        self._wrapping: Final = tuple(_derived(key, b"wrap") for key in (secret_key, previous) if key)
        self._pepper: Final = _derived(secret_key, b"lookup")
        self._keys: dict[Purpose, _Keys] = {}

    async def load(self, database: Database, *, at: int) -> None:
        """Read the keys; make the first ones; wrap those anew that still are under the previous SECRET_KEY.

        Raises SettingsError where a key cannot be unwrapped: SECRET_KEY is not the one with which this database was used.
        """
        async with database.read() as connection:
            rows = await SecretKeyStore(connection).all()
        if any(self._is_missing(purpose, rows) for purpose in PURPOSES) or any(not self._is_ours(row) for row in rows):
            async with database.transaction() as connection:
                rows = await self._put_in_order(connection, at)
        self._take(rows)

    async def rotate(self, connection: AsyncConnection, purpose: Purpose, *, at: int) -> str:
        """Make a new key for what is new, and return its id; older ones go on verifying and decrypting.

        What the vault holds is only true once the caller's transaction is.
        """
        store = SecretKeyStore(connection)
        await store.lock()
        await store.retire(purpose, at=at)
        made = await self._make(store, purpose, at)
        self._take(await store.all())
        return made.id

    @property
    def signing(self) -> tuple[str, bytes]:
        """Return the id and the key that sign new tokens."""
        keys = self._of("token")
        return keys.current, keys.by_id[keys.current]

    def knows(self, key_id: str) -> bool:
        """Say whether a key of that id is held, for whatever purpose."""
        return any(key_id in keys.by_id for keys in self._keys.values())

    def verifying(self, key_id: str) -> bytes | None:
        """Return the key of that id that may have signed a token."""
        return self._of("token").by_id.get(key_id)

    def seal(self, plain: bytes, *, place: str) -> bytes:
        """Return the text encrypted: the key's id, the nonce, ciphertext and tag. place: where it will be stored, such as totp:p_1."""
        keys, nonce = self._of("data"), secrets.token_bytes(_NONCE_BYTES)
        return keys.current.encode() + nonce + AESGCM(keys.by_id[keys.current]).encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Return what was sealed for that place. Raises IntegrityError where it was changed, moved, or its key is gone."""
        key = self._of("data").by_id.get(sealed_with(sealed))
        if key is None:
            raise IntegrityError(f"What is stored at {place} was encrypted with a key that is not here any more.")
        nonce, text = sealed[_ID_LETTERS : _ID_LETTERS + _NONCE_BYTES], sealed[_ID_LETTERS + _NONCE_BYTES :]
        try:
            return AESGCM(key).decrypt(nonce, text, place.encode())
        except InvalidTag as e:
            raise IntegrityError(f"What is stored at {place} is not what was encrypted there.") from e

    @property
    def sealing_with(self) -> str:
        """Return the id of the key that encrypts what is new."""
        return self._of("data").current

    def blinded(self, text: str) -> bytes:
        """Return a keyed hash (HMAC-SHA-256) to find a text by, which tells nobody without SECRET_KEY what it was."""
        return hmac.digest(self._pepper, text.encode(), "sha256")

    def _of(self, purpose: Purpose) -> _Keys:
        found = self._keys.get(purpose)
        if found is None:
            raise UnavailableError("The keys of this service have not been read yet: the database does not answer.")
        return found

    async def _put_in_order(self, connection: AsyncConnection, at: int) -> list[SecretKeyRow]:
        store = SecretKeyStore(connection)
        await store.lock()
        rows = await store.all()
        for row in rows:
            if not self._is_ours(row):
                await store.rewrap(row.id, self._wrap(self._unwrap(row), row.id, row.purpose))
        for purpose in PURPOSES:
            if self._is_missing(purpose, rows):
                await self._make(store, purpose, at)
        return await store.all()

    async def _make(self, store: SecretKeyStore, purpose: Purpose, at: int) -> SecretKeyRow:
        key_id = secrets.token_hex(_ID_LETTERS // 2)
        row = SecretKeyRow(key_id, purpose, self._wrap(secrets.token_bytes(_KEY_BYTES), key_id, purpose), at)
        await store.add(row)
        return row

    def _take(self, rows: Iterable[SecretKeyRow]) -> None:
        found: dict[Purpose, _Keys] = {}
        for purpose in PURPOSES:
            ours = [row for row in rows if row.purpose == purpose]
            # The one that is not retired; between two that were made at the same moment the order decides for all processes alike.
            current = next(row.id for row in reversed(ours) if row.retired_at is None)
            found[purpose] = _Keys(current, {row.id: self._unwrap(row) for row in ours})
        self._keys = found

    @staticmethod
    def _is_missing(purpose: Purpose, rows: Iterable[SecretKeyRow]) -> bool:
        return not any(row.purpose == purpose and row.retired_at is None for row in rows)

    def _is_ours(self, row: SecretKeyRow) -> bool:
        return _unwrapped(self._wrapping[0], row) is not None

    def _unwrap(self, row: SecretKeyRow) -> bytes:
        for wrapping in self._wrapping:
            key = _unwrapped(wrapping, row)
            if key is not None:
                return key
        raise SettingsError(
            "SECRET_KEY is not the one with which this database was used; set it back, or give the old one as SECRET_KEY_PREVIOUS."
        )

    def _wrap(self, key: bytes, key_id: str, purpose: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._wrapping[0]).encrypt(nonce, key, f"{purpose}:{key_id}".encode())


def sealed_with(sealed: bytes) -> str:
    """Return the id of the key that something was sealed with."""
    return sealed[:_ID_LETTERS].decode("ascii", "replace")


def _unwrapped(wrapping: bytes, row: SecretKeyRow) -> bytes | None:
    nonce, text = row.wrapped[:_NONCE_BYTES], row.wrapped[_NONCE_BYTES:]
    try:
        return AESGCM(wrapping).decrypt(nonce, text, f"{row.purpose}:{row.id}".encode())
    except InvalidTag:
        return None


def _derived(secret_key: str, use: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"btcforecast " + use).derive(secret_key.encode())
