import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcforecast.core.errors import InputError
from btcforecast.forecasts.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_ranges,
    inclusion_ranges,
    is_consistent,
    is_included,
    leaf_hash,
    node_hash,
    perfect_nodes,
    range_root,
)

# The leaves and roots that Certificate Transparency implementations share as test vectors for RFC 6962 and RFC 9162.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}
CONSISTENCY = {
    (2, 8): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}

sizes = st.integers(1, 70)


def slow_root(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + slow_root(leaves[:split]) + slow_root(leaves[split:])).digest()


def slow_inclusion(seq: int, leaves: list[bytes]):
    """Section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if seq < split:
        return [*slow_inclusion(seq, leaves[:split]), slow_root(leaves[split:])]
    return [*slow_inclusion(seq - split, leaves[split:]), slow_root(leaves[:split])]


def slow_consistency(old_size: int, leaves: list[bytes], *, is_known: bool = True):
    """Section 2.1.4.1."""
    if old_size == len(leaves):
        return [] if is_known else [slow_root(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old_size <= split:
        return [*slow_consistency(old_size, leaves[:split], is_known=is_known), slow_root(leaves[split:])]
    return [*slow_consistency(old_size - split, leaves[split:], is_known=False), slow_root(leaves[:split])]


def grown(leaves: list[bytes]):
    """The frontier after the leaves, and every perfect subtree that was completed on the way."""
    frontier, nodes = Frontier(), {}
    for leaf in leaves:
        nodes.update(frontier.add(leaf))
    return frontier, nodes


def numbered(n: int):
    return [leaf_hash(str(i).encode()) for i in range(n)]


@pytest.mark.parametrize("n", range(1, 9))
def test_roots_are_those_of_certificate_transparency(n: int):
    frontier, nodes = grown([leaf_hash(leaf) for leaf in LEAVES[:n]])

    assert frontier.root().hex() == ROOTS[n - 1]
    assert range_root((0, n), nodes.__getitem__).hex() == ROOTS[n - 1]


def test_root_of_nothing_is_the_hash_of_nothing():
    assert Frontier().root() == EMPTY_ROOT == range_root((0, 0), {}.__getitem__)
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(("seq", "size"), INCLUSION)
def test_inclusion_proofs_are_those_of_certificate_transparency(seq: int, size: int):
    _, nodes = grown([leaf_hash(leaf) for leaf in LEAVES])

    proof = [range_root(leaves, nodes.__getitem__).hex() for leaves in inclusion_ranges(seq, size)]

    assert tuple(proof) == INCLUSION[seq, size]


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_consistency_proofs_are_those_of_certificate_transparency(old: int, new: int):
    _, nodes = grown([leaf_hash(leaf) for leaf in LEAVES])

    proof = [range_root(leaves, nodes.__getitem__).hex() for leaves in consistency_ranges(old, new)]

    assert tuple(proof) == CONSISTENCY[old, new]


@given(n=sizes, data=st.data())
def test_inclusion_equals_the_slow_twin_and_verifies(n: int, data: st.DataObject):
    seq = data.draw(st.integers(0, n - 1))
    leaves = numbered(n)
    _, nodes = grown([*leaves, *numbered(data.draw(st.integers(0, 5)))])

    proof = [range_root(part, nodes.__getitem__) for part in inclusion_ranges(seq, n)]

    assert proof == slow_inclusion(seq, leaves)
    assert is_included(leaves[seq], seq, tree_size=n, proof=proof, root=slow_root(leaves))


@given(n=sizes, data=st.data())
def test_consistency_equals_the_slow_twin_and_verifies(n: int, data: st.DataObject):
    old = data.draw(st.integers(1, n))
    leaves = numbered(n)
    _, nodes = grown(leaves)

    proof = [range_root(part, nodes.__getitem__) for part in consistency_ranges(old, n)]

    assert proof == slow_consistency(old, leaves)
    assert is_consistent(old_size=old, old_root=slow_root(leaves[:old]), new_size=n, new_root=slow_root(leaves), proof=proof)


@given(n=st.integers(2, 40), data=st.data())
def test_a_wrong_inclusion_proof_is_refused(n: int, data: st.DataObject):
    seq = data.draw(st.integers(0, n - 1))
    leaves = numbered(n)
    proof, root = slow_inclusion(seq, leaves), slow_root(leaves)
    at = data.draw(st.integers(0, len(proof) - 1))
    other = data.draw(st.integers(0, n - 1).filter(lambda found: found != seq))
    changed = [*proof[:at], node_hash(proof[at], b""), *proof[at + 1 :]]

    assert not is_included(leaves[seq], seq, tree_size=n, proof=changed, root=root)
    assert not is_included(leaves[seq], seq, tree_size=n, proof=proof[:-1], root=root)
    assert not is_included(leaves[seq], seq, tree_size=n, proof=[*proof, root], root=root)
    assert not is_included(leaves[other], seq, tree_size=n, proof=proof, root=root)
    assert not is_included(leaves[seq], n, tree_size=n, proof=proof, root=root)


@given(n=st.integers(2, 40), data=st.data())
def test_a_tree_that_rewrote_its_past_is_refused(n: int, data: st.DataObject):
    old = data.draw(st.integers(1, n - 1))
    changed_at = data.draw(st.integers(0, old - 1))
    leaves = numbered(n)
    rewritten = [*leaves[:changed_at], leaf_hash(b"other"), *leaves[changed_at + 1 :]]

    proof = slow_consistency(old, rewritten)

    roots = {"old_root": slow_root(leaves[:old]), "new_root": slow_root(rewritten)}
    assert not is_consistent(old_size=old, new_size=n, proof=proof, **roots)
    assert not is_consistent(old_size=old, new_size=n, proof=slow_consistency(old, leaves), **roots)


@given(n=st.integers(0, 200))
def test_frontier_goes_on_from_stored_subtrees(n: int):
    leaves = numbered(n + 3)
    _, nodes = grown(leaves[:n])

    resumed = Frontier(n, [nodes[place] for place in perfect_nodes((0, n))])
    for leaf in leaves[n:]:
        resumed.add(leaf)

    assert resumed.root() == slow_root(leaves)


@pytest.mark.parametrize(("seq", "size"), [(8, 8), (-1, 8), (0, 0)])
def test_a_proof_of_an_entry_beyond_the_tree_is_refused(seq: int, size: int):
    with pytest.raises(InputError, match="not in a tree"):
        inclusion_ranges(seq, size)


@pytest.mark.parametrize(("old", "new"), [(0, 8), (9, 8)])
def test_a_proof_between_impossible_sizes_is_refused(old: int, new: int):
    with pytest.raises(InputError, match="cannot be followed"):
        consistency_ranges(old, new)
