from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from btcforecast.core import BASE, Candles, Interval, Series
from btcforecast.core.errors import InputError
from btcforecast.store.candles import CandleStore, Extent, Gap, Written
from btcforecast.store.database import Database

OWN, LENDER, OTHER = Series("coinbase", "BTC/USD"), Series("kraken", "BTC/USD"), Series("bitstamp", "BTC/USD")
START = 1_700_000_100


def candles(*steps: int, price: float = 100.0) -> Candles:
    n = len(steps)
    close = price + np.array(steps, np.float64) / 7
    opened_at = START + 300 * np.array(steps, np.int64)
    return Candles(opened_at, np.full(n, price), close + 1, np.full(n, price - 1), close, np.full(n, 2.5))


async def test_what_is_written_is_read_back_bit_for_bit(database: Database):
    written = candles(*range(12_000))
    async with database.transaction() as connection:
        assert await CandleStore(connection).write(OWN, written, recorded_at=5) == Written(12_000, 0, 0)
    async with database.read() as connection:
        store = CandleStore(connection)
        assert (await store.read(OWN)).digest() == written.digest()
        part = await store.read(OWN, opened_from=START + 300, opened_before=START + 900)
        assert part.opened_at.tolist() == [START + 300, START + 600]
        assert await store.extent(OWN) == Extent(START, START + 300 * 11_999, 12_000)
        assert await store.newest(OWN) == START + 300 * 11_999


async def test_reading_an_unknown_series_finds_nothing_and_makes_nothing(database: Database):
    async with database.read() as connection:
        store = CandleStore(connection)
        assert len(await store.read(OWN)) == 0
        assert await store.newest(OWN) is None
        assert await store.extent(OWN) is None
        assert await store.gaps(OWN) == []
        assert await store.gaps(OWN, opened_from=START, opened_before=START + 600) == [Gap(START, START + 600, 2, 0)]
        assert await store.list_series() == []


async def test_writing_the_same_again_changes_nothing_and_a_new_value_is_a_revision(database: Database):
    async with database.transaction() as connection:
        store = CandleStore(connection)
        await store.write(OWN, candles(0, 1, 2), recorded_at=10)
        assert await store.write(OWN, candles(0, 1, 2), recorded_at=20) == Written(0, 0, 3)
        assert await store.write(OWN, candles(2, 3, price=101), recorded_at=30) == Written(1, 1, 0)
        assert (await store.read(OWN)).open.tolist() == [100, 100, 101, 101]


async def test_the_store_is_read_as_it_stood_at_an_instant(database: Database):
    async with database.transaction() as connection:
        store = CandleStore(connection)
        await store.write(OWN, candles(0, 1), recorded_at=10)
        await store.write(OWN, candles(1, 2, price=101), recorded_at=20)
        await store.write(OWN, candles(1, price=102), recorded_at=30)
        await store.write(OWN, candles(1, price=103), recorded_at=30)

        async def opens(known_at: int) -> list[float]:
            return (await store.read(OWN, known_at=known_at)).open.tolist()

        assert await opens(9) == []
        assert await opens(10) == [100, 100]
        assert await opens(19) == [100, 100]
        assert await opens(20) == [100, 101, 101]
        assert await opens(29) == [100, 101, 101]
        assert await opens(30) == [100, 103, 101]
        assert (await store.read(OWN)).open.tolist() == [100, 103, 101]


async def test_an_own_candle_takes_the_place_of_a_borrowed_one_even_of_equal_values(database: Database):
    async with database.transaction() as connection:
        store = CandleStore(connection)
        await store.write(OWN, candles(0, 1, price=99), recorded_at=10, borrowed_from=LENDER)
        assert await store.borrowed(OWN, opened_from=START, opened_before=START + 600) == (LENDER,)
        await store.write(OWN, candles(1, price=99), recorded_at=20)
        assert await store.gaps(OWN) == [Gap(START, START + 300, 0, 1)]
        assert await store.write(OWN, candles(0, price=100), recorded_at=30) == Written(0, 1, 0)
        assert await store.borrowed(OWN, opened_from=START, opened_before=START + 600) == ()
        assert (await store.read(OWN, known_at=20)).open.tolist() == [99, 99]
        assert (await store.read(OWN)).open.tolist() == [100, 99]


async def test_a_borrowed_candle_never_takes_the_place_of_an_own_one_or_of_another_loan(database: Database):
    async with database.transaction() as connection:
        store = CandleStore(connection)
        await store.write(OWN, candles(0), recorded_at=10)
        await store.write(OWN, candles(1, price=99), recorded_at=10, borrowed_from=LENDER)
        assert await store.write(OWN, candles(0, 1, price=98), recorded_at=20, borrowed_from=OTHER) == Written(0, 0, 2)
        assert await store.write(OWN, candles(0, 1, price=97), recorded_at=30, borrowed_from=LENDER) == Written(0, 1, 1)
        assert (await store.read(OWN)).open.tolist() == [100, 97]
        assert await store.list_series() == [OWN]


async def test_gaps_are_the_spans_without_own_candles(database: Database):
    async with database.transaction() as connection:
        store = CandleStore(connection)
        await store.write(OWN, candles(0, 1, 4, 5, 9), recorded_at=10)
        await store.write(OWN, candles(3, 7), recorded_at=10, borrowed_from=LENDER)

        def gap(first: int, before: int, n_missing: int, n_borrowed: int) -> Gap:
            return Gap(START + 300 * first, START + 300 * before, n_missing, n_borrowed)

        assert await store.gaps(OWN) == [gap(2, 4, 1, 1), gap(6, 9, 2, 1)]
        assert await store.gaps(OWN, opened_from=START - 300, opened_before=START + 3300) == [
            gap(-1, 0, 1, 0),
            gap(2, 4, 1, 1),
            gap(6, 9, 2, 1),
            gap(10, 11, 1, 0),
        ]
        assert await store.gaps(OWN, opened_from=START + 300 * 7 + 1, opened_before=START + 300 * 8 + 1) == [gap(8, 9, 1, 0)]
        assert await store.gaps(OWN, opened_from=START + 300, opened_before=START + 300) == []


async def test_random_writes_agree_with_a_slow_twin(database: Database):
    rng = np.random.default_rng(3)
    lenders = {None: 0, LENDER: 1, OTHER: 2}
    twin: dict[int, list[tuple[int, float, int]]] = {}
    async with database.transaction() as connection:
        store = CandleStore(connection)
        for at in range(1, 60):
            steps = sorted(rng.choice(40, size=rng.integers(1, 12), replace=False).tolist())
            price = float(rng.integers(100, 103))
            lender = [None, LENDER, OTHER][rng.integers(0, 3)]
            expected = Written(0, 0, 0)
            for step in steps:
                history = twin.setdefault(step, [])
                mine = (at, price, lenders[lender])
                if not history:
                    history.append(mine)
                    expected += Written(1, 0, 0)
                elif history[-1][1:] == mine[1:] or (mine[2] and mine[2] != history[-1][2]):
                    expected += Written(0, 0, 1)
                else:
                    history.append(mine)
                    expected += Written(0, 1, 0)
            written = await store.write(OWN, candles(*steps, price=price), recorded_at=at, borrowed_from=lender)
            assert written == expected
        for known_at in (0, 1, 7, 30, 59):
            stood = {step: [h for h in history if h[0] <= known_at] for step, history in sorted(twin.items())}
            read = await store.read(OWN, known_at=known_at)
            assert read.open.tolist() == [history[-1][1] for history in stood.values() if history]


async def test_a_write_that_is_undone_leaves_nothing(database: Database):
    with pytest.raises(RuntimeError):
        async with database.transaction() as connection:
            await CandleStore(connection).write(OWN, candles(0), recorded_at=1)
            raise RuntimeError
    async with database.read() as connection:
        assert len(await CandleStore(connection).read(OWN)) == 0


async def test_two_writers_of_one_series_take_turns(database: Database):
    async def write(price: float) -> Written:
        async with database.transaction() as connection:
            return await CandleStore(connection).write(OWN, candles(*range(50), price=price), recorded_at=int(price))

    first, second = await asyncio.gather(write(100), write(101))
    assert {first.n_new, second.n_new} == {0, 50}
    assert {first.n_revised, second.n_revised} == {0, 50}


async def test_only_base_candles_are_stored(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path}/test.db")
    await database.migrate()
    async with database.transaction() as connection:
        with pytest.raises(InputError, match="Only 5m candles"):
            await CandleStore(connection).write(OWN, Candles.empty(Interval(2 * BASE.seconds)), recorded_at=1)
    await database.close()
