from __future__ import annotations

from btcforecast.store.database import Database
from btcforecast.store.workers import Heartbeats


async def test_the_last_word_of_each_worker_stands(database: Database):
    async with database.transaction() as connection:
        beats = Heartbeats(connection)
        for at, activity in ((10, "fetching history"), (20, "waiting")):
            await beats.beat("one", version="0.1.0", series_id=None, activity=activity, started_at=5, at=at)
        await beats.beat("two", version="0.1.0", series_id=None, activity="settling", started_at=5, at=15)
        assert [(beat.name, beat.activity, beat.beat_at) for beat in await beats.all()] == [
            ("one", "waiting", 20),
            ("two", "settling", 15),
        ]
