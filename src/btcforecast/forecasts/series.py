"""Which series a command means when it was not told."""

from __future__ import annotations

from btcforecast.core import Series
from btcforecast.core.errors import InputError, NotFoundError
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database


async def choose_series(database: Database, *, venue: str | None, symbol: str | None, preferred: Series) -> Series:
    """Return the one stored series that fits venue and symbol; where several do, the preferred one if it is among them.

    Raises NotFoundError when nothing stored fits, InputError when more than one does.
    """
    async with database.read() as connection:
        stored = await CandleStore(connection).list_series()
    there = ", ".join(map(str, stored)) or "nothing yet; import or ingest candles first"
    fitting = [series for series in stored if venue in (None, series.venue) and symbol in (None, series.symbol)]
    if not fitting:
        wanted = f"{venue or 'any venue'}:{symbol or 'any symbol'}"
        raise NotFoundError(f"There are no candles of {wanted}. Stored are: {there}.")
    if len(fitting) == 1:
        return fitting[0]
    if preferred in fitting:
        return preferred
    raise InputError(f"Several series fit; choose one with --venue and --symbol. Stored are: {there}.")
