"""The Merkle tree of RFC 9162, section 2.1, as arithmetic on ranges of leaves.

Every hash that a root or proof needs is the root of a range of leaves, and every range that occurs splits into perfect subtrees.
Those are stored once and never change, so a root or proof reads O(log n) of them, however large the tree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from btcforecast.core import counted
from btcforecast.core.errors import InputError

Node = tuple[int, int]
"""A perfect subtree (level, index): it covers the 2^level leaves from index · 2^level on."""
Range = tuple[int, int]
"""The leaves from the first number up to and without the second."""
EMPTY_ROOT: Final = hashlib.sha256().digest()
"""The root of the tree without leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ entry bytes)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def perfect_nodes(leaves: Range) -> list[Node]:
    """Return the perfect subtrees that make up a range which starts at a multiple of the next power of two above its width."""
    start, end = leaves
    nodes: list[Node] = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def inclusion_ranges(seq: int, tree_size: int) -> list[Range]:
    """Return the ranges whose roots prove that leaf `seq` is in the tree, nearest first (PATH, section 2.1.3.1)."""
    if not 0 <= seq < tree_size:
        message = f"Entry {seq} is not in a tree of {counted(tree_size, 'entry', 'entries')}."
        raise InputError(message)
    start, end = 0, tree_size
    siblings: list[Range] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if seq < middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    return siblings[::-1]


def consistency_ranges(old_size: int, new_size: int) -> list[Range]:
    """Return the ranges whose roots prove that the first `old_size` leaves are unchanged (PROOF, section 2.1.4.1)."""
    if not 0 < old_size <= new_size:
        message = f"A tree of {counted(old_size, 'entry', 'entries')} cannot be followed by one of {new_size:,}; give an older and a newer size."
        raise InputError(message)
    start, end = 0, new_size
    parts: list[Range] = []
    while old_size != end:
        middle = start + _split(end - start)
        if old_size <= middle:
            parts.append((middle, end))
            end = middle
        else:
            parts.append((start, middle))
            start = middle
    # The old tree itself need not be proved to who asks about it: it is left out when it is a subtree of the new one.
    known: list[Range] = [] if start == 0 else [(start, end)]
    return [*known, *parts[::-1]]


def range_root(leaves: Range, hash_of: Callable[[Node], bytes]) -> bytes:
    """Return the root over a range, from the hashes of its perfect subtrees."""
    nodes = perfect_nodes(leaves)
    if not nodes:
        return EMPTY_ROOT
    root = hash_of(nodes[-1])
    for node in reversed(nodes[:-1]):
        root = node_hash(hash_of(node), root)
    return root


class Frontier:
    """The growing right edge of a tree: enough to add leaves and to know the root after each, in O(log n) memory."""

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """Start empty, or from the hashes of `perfect_nodes((0, size))`, largest first."""
        self.size = size
        self._hashes = list(hashes)
        if len(self._hashes) != size.bit_count():
            message = f"A tree of {size:,} leaves has {size.bit_count()} perfect subtrees at its edge; got {len(self._hashes)}."
            raise InputError(message)

    def add(self, leaf: bytes) -> list[tuple[Node, bytes]]:
        """Add a leaf's hash and return the perfect subtrees that it completes, itself first."""
        index, level, node = self.size, 0, leaf
        completed = [((0, index), leaf)]
        while index & 1:
            node = node_hash(self._hashes.pop(), node)
            index >>= 1
            level += 1
            completed.append(((level, index), node))
        self._hashes.append(node)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Return the root over all leaves added so far."""
        if not self._hashes:
            return EMPTY_ROOT
        root = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            root = node_hash(left, root)
        return root


def is_included(leaf: bytes, seq: int, *, tree_size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Say whether the proof shows that leaf number `seq` is in the tree with this root (section 2.1.3.2)."""
    if not 0 <= seq < tree_size:
        return False
    index, last, node = seq, tree_size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            node = node_hash(sibling, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and node == root


def is_consistent(*, old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether the proof shows that the new tree only added leaves to the old one (section 2.1.4.2)."""
    if not 0 < old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        return False
    index, last = old_size - 1, new_size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    old = new = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            new = node_hash(new, node)
        index, last = index >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def _split(width: int) -> int:
    """Return the largest power of two smaller than the width: where RFC 9162 divides a range."""
    return 1 << ((width - 1).bit_length() - 1)
