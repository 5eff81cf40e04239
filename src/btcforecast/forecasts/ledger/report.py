"""What a verification found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where: the entry's number, or None where no one entry can be named."""

    where: str
    what: str
    seq: int | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.seq is None else f"{self.where}, entry {self.seq}: {self.what}"


@dataclass(slots=True)
class LedgerReport:
    """What was found in one ledger. n_signed: how many entries the newest checkpoint covers."""

    ledger: str
    n_entries: int = 0
    n_signed: int = 0
    n_checkpoints: int = 0
    n_forecasts: int = 0
    n_scores: int = 0
    n_answers: int = 0
    n_by_kind: dict[str, int] = field(default_factory=dict)
    root_hash: str = ""
    faults: list[Fault] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the report for other programs."""
        names = (
            "ledger",
            "n_entries",
            "n_signed",
            "n_checkpoints",
            "n_forecasts",
            "n_scores",
            "n_answers",
            "n_by_kind",
            "root_hash",
        )
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in all ledgers, the first wrong entry first.

    key: the verifier key of the signatures. is_pinned: whether the caller said which key it must be.
    """

    ledgers: list[LedgerReport]
    faults: list[Fault]
    key: str | None
    is_pinned: bool

    @property
    def is_sound(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.faults

    def as_json(self) -> dict[str, Any]:
        """Return the report for other programs."""
        return {
            "sound": self.is_sound,
            "faults": [{"where": fault.where, "entry": fault.seq, "what": fault.what} for fault in self.faults],
            "key": self.key,
            "key_pinned": self.is_pinned,
            "ledgers": [ledger.as_json() for ledger in self.ledgers],
        }


@dataclass(frozen=True, slots=True)
class Teller:
    """Passes on how far one ledger is, as part of all of them."""

    on_progress: Callable[[int, int], None] | None
    n_before: int
    n_total: int

    def __call__(self, n_done: int) -> None:
        """Say that so many entries of this ledger were checked."""
        if self.on_progress is not None:
            self.on_progress(self.n_before + n_done, self.n_total)
