import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import delete

from btcforecast.core import Origin
from btcforecast.core.errors import InputError, IntegrityError, NotFoundError
from btcforecast.forecasts.ledger import (
    Checkpoint,
    Entry,
    Ledger,
    Signer,
    entry_hash,
    is_consistent,
    is_included,
    leaf_hash,
)
from btcforecast.forecasts.ledger.entries import GENESIS
from btcforecast.forecasts.ledger.merkle import EMPTY_ROOT, Frontier
from btcforecast.store.database import Database
from btcforecast.store.tables import ledger_nodes

AT = 1_764_547_200
SIGNER = Signer.generate()


async def append(database: Database, n: int, *, origin: Origin = Origin.LIVE) -> None:
    async with database.transaction() as connection:
        await Ledger(connection, origin).append_many([("forecast", {"number": i}) for i in range(n)], at=AT)


@pytest.fixture
async def two_connections(database: Database) -> AsyncIterator[tuple[Database, Database]]:
    """Two pools on one database, as two workers have."""
    other = Database(database.url.render_as_string(hide_password=False).replace("+aiosqlite", "").replace("+psycopg", ""))
    yield database, other
    await other.close()


async def test_entries_form_a_chain_from_nothing(database: Database):
    async with database.transaction() as connection:
        ledger = Ledger(connection, Origin.LIVE)
        first = await ledger.append("forecast", {"spot": 1.5}, at=AT)
        second, third = await ledger.append_many([("settlement", {}), ("correction", {})], at=AT + 1)

    async with database.read() as connection:
        entries = await Ledger(connection, Origin.LIVE).entries(0, before=9)

    assert [entry.entry.seq for entry in entries] == [first.seq, second.seq, third.seq] == [0, 1, 2]
    assert [entry.entry.prev for entry in entries] == [GENESIS, first.entry_hash, second.entry_hash]
    assert all(entry_hash(entry.text) == entry.entry_hash for entry in entries)
    assert entries[0].entry == Entry("live", 0, "forecast", AT, GENESIS, {"spot": 1.5})


async def test_live_and_replayed_entries_never_meet(database: Database):
    await append(database, 3)
    await append(database, 1, origin=Origin.REPLAYED)

    async with database.read() as connection:
        live, replayed = Ledger(connection, Origin.LIVE), Ledger(connection, Origin.REPLAYED)
        assert (await live.size(), await replayed.size()) == (3, 1)
        assert (await replayed.entry(0)).entry.ledger == "replayed"


async def test_what_was_not_committed_was_never_appended(database: Database):
    await append(database, 2)
    with pytest.raises(RuntimeError):
        async with database.transaction() as connection:
            await Ledger(connection, Origin.LIVE).append("forecast", {}, at=AT)
            raise RuntimeError
    await append(database, 1)

    async with database.read() as connection:
        ledger = Ledger(connection, Origin.LIVE)
        assert await ledger.size() == 3
        assert (await ledger.entry(2)).entry.prev == (await ledger.entry(1)).entry_hash


async def test_workers_who_append_at_once_do_not_fork_the_chain(two_connections: tuple[Database, Database]):
    async def work(database: Database, worker: int) -> None:
        for i in range(5):
            async with database.transaction() as connection:
                ledger = Ledger(connection, Origin.LIVE)
                await ledger.append_many([("forecast", {"worker": worker, "number": i, "part": part}) for part in "ab"], at=AT)
                await ledger.checkpoint(SIGNER, at=AT)

    await asyncio.gather(*(work(two_connections[worker % 2], worker) for worker in range(6)))

    async with two_connections[0].read() as connection:
        ledger = Ledger(connection, Origin.LIVE)
        entries = await ledger.entries(0, before=100)
        checkpoints = await ledger.checkpoints()
        root = await ledger.root(60)
    frontier, prev = Frontier(), GENESIS
    for entry in entries:
        assert entry.entry.prev == prev
        prev = entry.entry_hash
        frontier.add(entry.leaf_hash)
    assert frontier.size == 60
    assert frontier.root() == root
    assert [row.tree_size for row in checkpoints] == list(range(2, 61, 2))


async def test_every_entry_is_provably_in_every_tree(database: Database):
    await append(database, 4)
    await append(database, 7)

    async with database.read() as connection:
        ledger = Ledger(connection, Origin.LIVE)
        for size in (1, 4, 7, 11):
            root = await ledger.root(size)
            for seq in range(size):
                proof = await ledger.inclusion_proof(seq, size)
                assert is_included(leaf_hash((await ledger.entry(seq)).text), seq, tree_size=size, proof=proof, root=root)


async def test_every_tree_provably_grew_out_of_the_ones_before(database: Database):
    await append(database, 11)

    async with database.read() as connection:
        ledger = Ledger(connection, Origin.LIVE)
        roots = [await ledger.root(size) for size in range(12)]
        for old in range(1, 12):
            for new in range(old, 12):
                proof = await ledger.consistency_proof(old, new)
                assert is_consistent(old_size=old, old_root=roots[old], new_size=new, new_root=roots[new], proof=proof)


async def test_a_checkpoint_says_how_the_ledger_stands(database: Database):
    await append(database, 5)
    async with database.transaction() as connection:
        ledger = Ledger(connection, Origin.LIVE)
        row = await ledger.checkpoint(SIGNER, at=AT)
        again = await ledger.checkpoint(SIGNER, at=AT + 60)

    opened = Checkpoint.open(row.note, keys=[SIGNER.verifier_key("btcforecast/live")])

    assert opened == Checkpoint("btcforecast/live", 5, row.root_hash)
    assert again == row
    async with database.read() as connection:
        assert await Ledger(connection, Origin.LIVE).root(5) == row.root_hash


async def test_another_key_cannot_go_on_signing(database: Database):
    async with database.transaction() as connection:
        ledger = Ledger(connection, Origin.LIVE)
        await ledger.append("missed_cycle", {"n": 1}, at=AT)
        await ledger.checkpoint(Signer.generate(), at=AT)
        await ledger.append("missed_cycle", {"n": 2}, at=AT)
        with pytest.raises(IntegrityError, match="SIGNING_KEY_FILE"):
            await ledger.checkpoint(Signer.generate(), at=AT)


async def test_an_empty_ledger_has_the_root_of_nothing(database: Database):
    async with database.transaction() as connection:
        ledger = Ledger(connection, Origin.LIVE)
        assert await ledger.append_many([], at=AT) == []
        assert await ledger.newest_checkpoint() is None
        assert await ledger.root(0) == EMPTY_ROOT


async def test_what_is_not_there_cannot_be_shown_or_proved(database: Database):
    await append(database, 2)

    async with database.read() as connection:
        ledger = Ledger(connection, Origin.LIVE)
        with pytest.raises(NotFoundError, match="has no entry 2; it has 2 so far"):
            await ledger.entry(2)
        with pytest.raises(NotFoundError, match="has 2 entries, not 3"):
            await ledger.inclusion_proof(0, 3)
        with pytest.raises(NotFoundError, match="has 2 entries, not 3"):
            await ledger.consistency_proof(1, 3)
        with pytest.raises(InputError, match="not in a tree"):
            await ledger.inclusion_proof(2, 2)


async def test_a_body_that_json_cannot_say_is_refused_and_nothing_is_stored(database: Database):
    with pytest.raises(InputError):
        async with database.transaction() as connection:
            await Ledger(connection, Origin.LIVE).append_many([("forecast", {}), ("forecast", {"x": float("nan")})], at=AT)

    async with database.read() as connection:
        assert await Ledger(connection, Origin.LIVE).size() == 0


async def test_nothing_is_appended_to_a_tree_with_a_hole(database: Database):
    await append(database, 3)
    async with database.transaction() as connection:
        await connection.execute(delete(ledger_nodes).where(ledger_nodes.c.level == 1))

    with pytest.raises(IntegrityError, match="lacks the node"):
        await append(database, 1)
