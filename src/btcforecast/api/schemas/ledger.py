"""The ledger: entries, checkpoints, proofs."""

from __future__ import annotations

from pydantic import Field

from btcforecast.api.schemas.shared import Answer, Hash, Instant
from btcforecast.core import Origin


class Entry(Answer):
    """One line of a ledger."""

    seq: int
    kind: str = Field(description="forecast, settlement, missed_cycle, correction or model_version.")
    appended_at: Instant
    text: str = Field(description="Canonical JSON, exactly the bytes that are hashed.")
    entry_hash: Hash = Field(description="SHA-256(0x02 ‖ text): what the next entry names as `prev`.")
    leaf_hash: Hash = Field(description="SHA-256(0x00 ‖ text): the leaf of the Merkle tree.")


class Checkpoint(Answer):
    """The signed word for how many entries a ledger has and what their root is."""

    ledger: Origin
    tree_size: int
    root_hash: Hash
    note: str = Field(description="The signed note (C2SP signed-note, tlog-checkpoint).")
    signed_at: Instant


class LedgerState(Answer):
    """How a ledger stands."""

    ledger: Origin
    size: int = Field(description="Entries so far; those after the checkpoint are not signed for yet.")
    checkpoint: Checkpoint | None
    verifier_key: str | None = Field(
        description="The public key of its notes, NAME+keyid+base64; null where the key is elsewhere."
    )


class EntryList(Answer):
    """Entries in the order asked for."""

    ledger: Origin
    size: int
    entries: list[Entry]
    next_cursor: str | None


class InclusionProof(Answer):
    """Proves that an entry is in the tree (RFC 9162, section 2.1.3)."""

    ledger: Origin
    seq: int
    tree_size: int
    leaf_hash: Hash
    root_hash: Hash
    hashes: list[Hash] = Field(description="The audit path, nearest first.")
    checkpoint: Checkpoint | None = Field(description="The checkpoint of that tree size, where one was signed.")


class ConsistencyProof(Answer):
    """Proves that a tree only grew (RFC 9162, section 2.1.4)."""

    ledger: Origin
    old_size: int
    new_size: int
    old_root_hash: Hash
    new_root_hash: Hash
    hashes: list[Hash]
