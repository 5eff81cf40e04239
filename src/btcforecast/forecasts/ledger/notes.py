"""Signed notes (C2SP signed-note): a text for people with Ed25519 signatures below it, which many tools can check.

A note is its text, which ends in a newline, a blank line, and one line for each signature: `— NAME base64(key id ‖ signature)`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from btcforecast.core.errors import InputError, IntegrityError

_ED25519: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_MOST_SIGNATURES: Final = 16
_LONGEST_NOTE: Final = 1_000_000
_NAME: Final = re.compile(r"[^\s+]+")
_SIGNATURE: Final = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under the name that it signs for; its text is `NAME+keyid+base64(0x01 ‖ key)`."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        if _NAME.fullmatch(self.name) is None or len(self.public_key) != 32:
            message = "A verifier key has a name without spaces or “+”, and 32 bytes of Ed25519 public key."
            raise InputError(message)

    @property
    def key_id(self) -> bytes:
        """Return SHA-256(name ‖ newline ‖ 0x01 ‖ key), its first four bytes."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public_key).digest()[:_KEY_ID_BYTES]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key that the text says; raises InputError when it is not one."""
        try:
            name, key_id, material = text.strip().split("+", 2)
            raw = _from_base64(material)
        except ValueError as e:
            message = (
                f"“{text.strip()[:80]}” is not a key; one is written NAME+keyid+base64, such as btcforecast/live+1a2b3c4d+AX…"
            )
            raise InputError(message) from e
        key = cls(name, raw[1:])
        if raw[:1] != _ED25519 or key_id != key.key_id.hex():
            message = f"The verifier key of {name} is not an Ed25519 key with a matching key id."
            raise InputError(message)
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_to_base64(_ED25519 + self.public_key)}"

    def is_signed(self, text: str, signature: bytes) -> bool:
        """Say whether the signature over the text is this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signature:
    """One line below a note."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"— {self.name} {_to_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures; nothing is believed before `verified_text`."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, note: str) -> Self:
        """Return the note's parts; raises IntegrityError when it is not written exactly as a note is."""
        text, blank, below = note.rpartition("\n\n")
        lines = below.split("\n")
        if not blank or lines[-1] or not 1 <= len(lines) - 1 <= _MOST_SIGNATURES or len(note) > _LONGEST_NOTE:
            message = "This is not a signed note: a text, a blank line and 1 to 16 signature lines."
            raise IntegrityError(message)
        parsed = cls(text + "\n", tuple(_parse_signature(line) for line in lines[:-1]))
        if str(parsed) != note or any(ord(letter) < 0x20 and letter != "\n" for letter in note):
            message = "This signed note is not written in its one exact form."
            raise IntegrityError(message)
        return parsed

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    def verified_text(self, keys: Iterable[VerifierKey]) -> str:
        """Return the text when at least one of the keys signed it and none of their signatures is wrong.

        Signatures of other keys are ignored, so that witnesses can add theirs. Raises IntegrityError otherwise.
        """
        known = {(key.name, key.key_id): key for key in keys}
        found = [(known.get((line.name, line.key_id)), line) for line in self.signatures]
        checked = [key.is_signed(self.text, line.signature) for key, line in found if key is not None]
        if not checked:
            signers = ", ".join(f"{line.name} ({line.key_id.hex()})" for line in self.signatures)
            expected = ", ".join(f"{name} ({key_id.hex()})" for name, key_id in known)
            message = f"The note is signed by {signers}, not by {expected}."
            raise IntegrityError(message)
        if not all(checked):
            message = "The note's signature does not match its text: one of the two was changed."
            raise IntegrityError(message)
        return self.text


def _parse_signature(line: str) -> Signature:
    found = _SIGNATURE.fullmatch(line)
    try:
        raw = _from_base64(found[2]) if found else b""
    except ValueError:
        raw = b""
    if found is None or len(raw) <= _KEY_ID_BYTES:
        message = "A signature line below the note is broken."
        raise IntegrityError(message)
    return Signature(found[1], raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:])


def _to_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _from_base64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as e:
        raise ValueError(str(e)) from e
    if _to_base64(raw) != text:
        # Spare bits in the last letter would let one signature be written in several ways.
        message = "not the one base64 form of these bytes"
        raise ValueError(message)
    return raw
