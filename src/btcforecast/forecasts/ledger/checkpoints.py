"""Checkpoints (C2SP tlog-checkpoint): the signed word for how many entries a ledger has and what their root is."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from btcforecast.core import Origin
from btcforecast.core.errors import IntegrityError
from btcforecast.forecasts.ledger.notes import Note, VerifierKey
from btcforecast.forecasts.ledger.signer import Signer

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,15}")


def origin_line(ledger: Origin) -> str:
    """Return the name under which a ledger's checkpoints are signed, such as `btcforecast/live`."""
    return f"btcforecast/{ledger.value}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree's size and root hash, under the name of its ledger."""

    origin: str
    tree_size: int
    root_hash: bytes

    def text(self) -> str:
        """Return the three lines that are signed."""
        return f"{self.origin}\n{self.tree_size}\n{base64.b64encode(self.root_hash).decode()}\n"

    def sign(self, signer: Signer) -> str:
        """Return the checkpoint as a signed note."""
        return signer.sign(self.text(), name=self.origin)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the checkpoint that a note's text says; raises IntegrityError when it is not one in its exact form."""
        lines = text.split("\n")
        try:
            origin, size, root = lines[:3]
            checkpoint = cls(origin, int(size) if _SIZE.fullmatch(size) else -1, base64.b64decode(root, validate=True))
        except (ValueError, binascii.Error) as e:
            message = "A checkpoint says origin, tree size and root hash, one a line."
            raise IntegrityError(message) from e
        if checkpoint.text() != text or len(checkpoint.root_hash) != 32 or checkpoint.tree_size < 0:
            message = "A checkpoint's tree size or root hash is not written as it must be."
            raise IntegrityError(message)
        return checkpoint

    @classmethod
    def open(cls, note: str, *, keys: Iterable[VerifierKey]) -> Self:
        """Return the checkpoint of a signed note; raises IntegrityError unless one of the keys signed it."""
        return cls.parse(Note.parse(note).verified_text(keys))
