"""Verify an exported btcforecast ledger with nothing but Python's standard library and `cryptography`.

Usage: python verify_ledger.py FOLDER [VERIFIER_KEY]

Checks order, chain, Merkle tree and every signed checkpoint; docs/ledger.md says what the bytes mean.
"""

# ruff: noqa: INP001, T201  # a script for strangers: assertions and prints keep it short

import base64
import hashlib
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha256(*parts: bytes) -> bytes:
    """Return the SHA-256 of the parts, one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


def root_of(edge: list[bytes]) -> bytes:
    """Return the root from the perfect subtrees at the tree's right edge, largest first."""
    root = edge[-1]
    for left in reversed(edge[:-1]):
        root = sha256(b"\x01", left, root)
    return root


def open_checkpoint(note: str, public_key: bytes) -> tuple[int, bytes]:
    """Return (tree size, root hash) of a signed checkpoint, or raise."""
    text, _, signature = note.rpartition("\n\n")
    raw = base64.b64decode(signature.split(" ")[2])
    Ed25519PublicKey.from_public_bytes(public_key).verify(raw[4:], (text + "\n").encode())
    _, size, root = text.split("\n")
    return int(size), base64.b64decode(root)


def verify(folder: Path, public_key: bytes) -> int:
    """Check one ledger and return how many entries it has; an AssertionError names the first fault."""
    notes = [json.loads(line) for line in (folder / "checkpoints.jsonl").read_bytes().splitlines()]
    signed = dict(open_checkpoint(note, public_key) for note in notes)
    edge, prev, seq = [], bytes(32), 0
    for path in sorted(folder.glob("entries-*.jsonl")):
        for line in path.read_bytes().split(b"\n")[:-1]:
            entry = json.loads(line)
            assert entry["seq"] == seq, f"entry {entry['seq']} stands in place {seq}"
            assert entry["ledger"] == folder.name, f"entry {seq} belongs to another ledger"
            assert entry["prev"] == prev.hex(), f"entry {seq} does not follow from the one before it"
            prev, node, index = sha256(b"\x02", line), sha256(b"\x00", line), seq
            while index & 1:  # two perfect subtrees of the same size become one
                node, index = sha256(b"\x01", edge.pop(), node), index >> 1
            edge.append(node)
            seq += 1
            assert signed.get(seq, root_of(edge)) == root_of(edge), f"the first {seq} entries are not those that were signed"
    assert seq == max(signed), f"{max(signed)} entries were signed and {seq} are here"
    return seq


if __name__ == "__main__":
    record = Path(sys.argv[1])
    vkey = sys.argv[2] if len(sys.argv) > 2 else (record / "KEYS.txt").read_text().split("\n")[0]
    key = base64.b64decode(vkey.split("+", 2)[2])[1:]
    for ledger in ("live", "replayed"):
        if (record / ledger).is_dir():
            print(f"{ledger}: {verify(record / ledger, key)} entries are as they were signed")
