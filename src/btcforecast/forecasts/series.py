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
    if not stored:
        raise NotFoundError("There are no candles yet; import or ingest some first.")
    there = ", ".join(map(str, stored))
    fitting = [series for series in stored if venue in (None, series.venue) and symbol in (None, series.symbol)]
    if not fitting:
        raise NotFoundError(f"There are no candles{wanted(venue=venue, symbol=symbol)}. Stored are: {there}.")
    if len(fitting) == 1:
        return fitting[0]
    if preferred in fitting:
        return preferred
    raise InputError(f"Several series fit; choose one with --venue and --symbol. Stored are: {there}.")


def wanted(*, venue: str | None, symbol: str | None) -> str:
    """Return the part of a sentence that says which candles were asked for, such as “ of BTC/EUR from kraken”."""
    of = "" if symbol is None else f" of {symbol}"
    return of if venue is None else f"{of} from {venue}"
