"""The only place that chooses concrete classes for what the settings ask."""

from __future__ import annotations

from btcforecast.settings import Settings
from btcforecast.store.database import Database


def open_database(settings: Settings) -> Database:
    """Return the database that the settings name; the caller closes it."""
    return Database(settings.database_url, pool_size=settings.database_pool_size)
