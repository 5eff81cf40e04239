"""The ledger: an append-only record that others can check (see docs/ledger.md).

Canonical entries form a hash chain (`entries`) and a Merkle tree (`merkle`); checkpoints are signed notes (`checkpoints`, `notes`,
`signer`); `ledger` keeps all of it in the store, `export` writes it to files, and `audit` checks either.
"""

from btcforecast.forecasts.ledger.checkpoints import Checkpoint, origin_line
from btcforecast.forecasts.ledger.entries import Entry, entry_hash
from btcforecast.forecasts.ledger.ledger import Appended, Ledger, StoredEntry
from btcforecast.forecasts.ledger.merkle import is_consistent, is_included, leaf_hash
from btcforecast.forecasts.ledger.notes import Note, VerifierKey
from btcforecast.forecasts.ledger.signer import Signer
from btcforecast.forecasts.ledger.signing import sign_ledgers

__all__ = [
    "Appended",
    "Checkpoint",
    "Entry",
    "Ledger",
    "Note",
    "Signer",
    "StoredEntry",
    "VerifierKey",
    "entry_hash",
    "is_consistent",
    "is_included",
    "leaf_hash",
    "origin_line",
    "sign_ledgers",
]
