"""What one entry is: an envelope in canonical JSON that names the entry before it, so that the entries form a chain."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from btcforecast.core import from_rfc3339, to_rfc3339
from btcforecast.core.errors import BtcForecastError, IntegrityError
from btcforecast.forecasts.ledger.canonical import canonical_json, parse_canonical

HASH_BYTES: Final = 32
GENESIS: Final = bytes(HASH_BYTES)
"""What the first entry names as the one before it."""
_CHAIN: Final = b"\x02"
"""Keeps chain hashes apart from the tree's leaves (0x00) and nodes (0x01) over the same bytes."""
_FIELDS: Final = {"at", "body", "kind", "ledger", "prev", "seq"}


def entry_hash(text: bytes) -> bytes:
    """Return SHA-256(0x02 ‖ entry bytes): what the next entry names as `prev`."""
    return hashlib.sha256(_CHAIN + text).digest()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a ledger.

    ledger: live or replayed. seq: position from zero. at: when it was appended, Unix seconds. prev: the hash of the entry before it.
    """

    ledger: str
    seq: int
    kind: str
    at: int
    prev: bytes
    body: Mapping[str, Any]

    def encode(self) -> bytes:
        """Return the canonical bytes: exactly what is stored, exported and hashed."""
        return canonical_json(
            {
                "at": to_rfc3339(self.at),
                "body": self.body,
                "kind": self.kind,
                "ledger": self.ledger,
                "prev": self.prev.hex(),
                "seq": self.seq,
            }
        )

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Return the entry that these bytes are; raises IntegrityError when they are not one in canonical form."""
        value = parse_canonical(text)
        if not isinstance(value, dict) or set(value) != _FIELDS or not isinstance(value["body"], dict):
            message = f"An entry is a JSON object with exactly the fields {', '.join(sorted(_FIELDS))}."
            raise IntegrityError(message)
        try:
            entry = cls(
                ledger=_text(value["ledger"]),
                seq=_count(value["seq"]),
                kind=_text(value["kind"]),
                at=from_rfc3339(_text(value["at"])),
                prev=bytes.fromhex(_text(value["prev"])),
                body=value["body"],
            )
        except (ValueError, BtcForecastError) as e:
            message = f"A field of the entry has an impossible value: {e}"
            raise IntegrityError(message) from e
        if value["at"] != to_rfc3339(entry.at) or value["prev"] != entry.prev.hex() or len(entry.prev) != HASH_BYTES:
            message = "The entry's “at” or “prev” is not written as it must be."
            raise IntegrityError(message)
        return entry


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = f"{value!r} is not text"
        raise ValueError(message)  # noqa: TRY004  # read as data, every fault here is one of value
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        message = f"{value!r} is not a position"
        raise ValueError(message)
    return value
