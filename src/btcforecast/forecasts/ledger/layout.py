"""How an exported ledger lies on disk; `docs/ledger.md` describes it for people who write their own verifier."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from btcforecast.core import Origin
from btcforecast.core.errors import IntegrityError
from btcforecast.forecasts.ledger.checkpoints import origin_line
from btcforecast.forecasts.ledger.notes import Note, VerifierKey
from btcforecast.forecasts.ledger.signer import Signer

README: Final = "README.md"
KEYS: Final = "KEYS.txt"
MANIFEST: Final = "MANIFEST.txt"
MANIFEST_NAME: Final = "btcforecast/export"
CHECKPOINT: Final = "checkpoint"
CHECKPOINTS: Final = "checkpoints.jsonl"
LEAVES: Final = "leaves.txt"
ENTRIES_PER_FILE: Final = 4096
LONGEST_LINE: Final = 16 * 1024 * 1024

README_TEXT: Final = """# An exported btcforecast ledger

Check it with `btcforecast ledger verify DIR`, with your own program, or by hand. Everything needed is in these files.

- `KEYS.txt`: the public keys, one a line, as C2SP verifier keys. Compare them with those that the service publishes.
- `live/` and `replayed/`: one ledger each. Live forecasts were sealed before their outcome; replayed ones were computed later.
  - `entries-NNNNNNNNNNNN.jsonl`: the entries in order, one a line; the number is that of the file's first entry.
    A line without its newline is canonical JSON (RFC 8785), exactly the bytes that are hashed.
    `prev` is the SHA-256 of the byte 0x02 and the entry before it; for entry 0 it is 64 zeros.
  - `leaves.txt`: for each entry the SHA-256 of the byte 0x00 and its bytes, in hex: the leaves of a Merkle tree (RFC 9162).
  - `checkpoints.jsonl`: all signed checkpoints (C2SP tlog-checkpoint), oldest first, each one JSON string a line.
  - `checkpoint`: the newest of them as it is, for tools that read such files.
- `MANIFEST.txt`: the SHA-256 of every other file, signed.

A settlement's scores follow from the quantiles in the forecast's entry and the outcome in the settlement's.
"""


def verifier_keys(signer: Signer) -> list[VerifierKey]:
    """Return the keys under which ledgers and exports are signed."""
    return [signer.verifier_key(name) for name in (*map(origin_line, Origin), MANIFEST_NAME)]


def keys_of(public_key: bytes) -> list[VerifierKey]:
    """Return the same keys from the public key alone."""
    return [VerifierKey(name, public_key) for name in (*map(origin_line, Origin), MANIFEST_NAME)]


def keys_text(keys: Iterable[VerifierKey]) -> str:
    """Return the text of the file of keys."""
    return "".join(f"{key}\n" for key in keys)


def manifest_text(folder: Path, paths: Iterable[str]) -> str:
    """Return the text that is signed: a line `SHA-256  path` for each file, in the order of their names."""
    return f"{MANIFEST_NAME}\n" + "".join(f"{_digest(folder / path)}  {path}\n" for path in sorted(paths))


def files_below(folder: Path) -> list[str]:
    """Return every file below the folder but the manifest, by name."""
    found = (path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    return sorted(str(path.relative_to(folder)) for path in found if path != folder / MANIFEST)


def check_manifest(folder: Path, keys: Iterable[VerifierKey]) -> None:
    """Check that the files are those that were signed; raises IntegrityError naming the first that is not."""
    try:
        signed = Note.parse((folder / MANIFEST).read_bytes().decode()).verified_text(keys)
    except (OSError, UnicodeDecodeError) as e:
        message = "It is missing or is not text."
        raise IntegrityError(message) from e
    listed = dict(line.split("  ", 1)[::-1] for line in signed.splitlines()[1:] if "  " in line)
    here = files_below(folder)
    for path in sorted({*listed, *here}):
        if path not in here:
            message = f"It lists {path}, which is missing."
            raise IntegrityError(message)
        if path not in listed:
            message = f"It does not list {path}, which is here."
            raise IntegrityError(message)
        if (folder / path).is_symlink() or _digest(folder / path) != listed[path]:
            message = f"The file {path} is not the one that was signed."
            raise IntegrityError(message)
    if manifest_text(folder, here) != signed:
        message = "It is not written as it must be."
        raise IntegrityError(message)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
