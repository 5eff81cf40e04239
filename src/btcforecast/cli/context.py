"""What every command shares: settings, the open database, progress on standard error and data on standard output."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from btcforecast.bootstrap import open_database
from btcforecast.settings import Settings, load_settings
from btcforecast.store.database import Database
from btcforecast.telemetry.logs import configure_logs

Result = TypeVar("Result")

_WIDTH_WHEN_PIPED: Final = 160
"""Columns. A pipe has no width of its own, and rich would take 80 for it and cut what tables hold."""

out: Final = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_WHEN_PIPED)
"""Where data go: standard output."""
notes: Final = Console(stderr=True, highlight=False)
"""Where words to the person go: standard error, so that piped data stay clean."""


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's asynchronous work to its end."""
    return asyncio.run(work)


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Settings, Database]]:
    """Yield the settings in force and the migrated database."""
    settings = load_settings()
    configure_logs(level="WARNING", as_json=False)
    database = open_database(settings)
    try:
        await database.migrate()
        yield settings, database
    finally:
        await database.close()


def print_json(data: object) -> None:
    """Print data as one JSON document, for other programs."""
    json.dump(data, sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")


def progress() -> Progress:
    """Return a progress bar with counts and the time left, shown only to a person's terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=notes,
        disable=not notes.is_terminal,
    )
