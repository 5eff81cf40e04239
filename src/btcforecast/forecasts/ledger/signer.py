"""The one secret of the record: an Ed25519 key on disk that only its owner may read."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from btcforecast.core.errors import InputError, IntegrityError, SettingsError
from btcforecast.forecasts.ledger.notes import Note, Signature, VerifierKey

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_LARGEST_KEY_FILE: Final = 16_384


class Signer:
    """Signs notes. One key signs under several names, each with a key id of its own, so that no note passes for another's."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._private_key: Final = private_key

    @classmethod
    def generate(cls) -> Self:
        """Return a signer with a new key that is nowhere on disk."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the signer whose key lies at `path`.

        Raises SettingsError when the file is missing or others may read it, IntegrityError when it is not an Ed25519 key. It is
        never replaced: everything signed before would lose its signer.
        """
        try:
            with path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                pem = file.read(_LARGEST_KEY_FILE)
        except FileNotFoundError as e:
            message = f"SIGNING_KEY_FILE names {path}, where there is no key. Put the key there, or make one with: openssl genpkey -algorithm ed25519 -out {path}; chmod 600 {path}"
            raise SettingsError(message) from e
        except OSError as e:
            message = f"SIGNING_KEY_FILE names {path}, which cannot be read: {e.strerror}."
            raise SettingsError(message) from e
        if mode & _OTHERS:
            message = f"The signing key {path} may be read by others (mode {mode:04o}); run: chmod 600 {path}"
            raise SettingsError(message)
        return cls(_parse_key(pem, path))

    @classmethod
    def load_or_create(cls, path: Path) -> Self:
        """Return the signer whose key lies at `path`, made first where there is none; two processes at once get the same one."""
        if not path.exists():
            _create_key(path)
        return cls.load(path)

    def verifier_key(self, name: str) -> VerifierKey:
        """Return the public key under a name, for those who check."""
        return VerifierKey(name, self._private_key.public_key().public_bytes_raw())

    def sign(self, text: str, *, name: str) -> str:
        """Return the text as a note signed under `name`."""
        if not text.endswith("\n") or any(ord(letter) < 0x20 and letter != "\n" for letter in text):
            message = "A note's text ends in a newline and has no other control characters."
            raise InputError(message)
        signature = Signature(name, self.verifier_key(name).key_id, self._private_key.sign(text.encode()))
        return str(Note(text, (signature,)))


def _parse_key(pem: bytes, path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as e:
        message = f"The signing key {path} is broken. Restore it from its backup; a new key could not vouch for what the old one signed."
        raise IntegrityError(message) from e
    if not isinstance(key, Ed25519PrivateKey):
        message = f"The signing key {path} is not an Ed25519 key."
        raise IntegrityError(message)
    return key


def _create_key(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or not at all, and never over a key that another process made meanwhile.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
