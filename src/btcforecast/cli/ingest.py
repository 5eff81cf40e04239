"""`btcforecast ingest`: candles from exchanges into the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.progress import Progress as ProgressBar
from rich.progress import TaskID
from rich.table import Table

from btcforecast.cli import context
from btcforecast.core import BASE, SIMULATED_VENUE, Series, SystemClock, from_rfc3339, parse_span, to_rfc3339
from btcforecast.core.errors import InputError

if TYPE_CHECKING:
    from btcforecast.market.ingest import Ingest
    from btcforecast.market.report import IngestReport, Progress
    from btcforecast.settings import Settings

_AFTER_CLOSE_S: Final = 5
"""When following: venues need a moment to close a candle."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(ingest)


def ingest(
    venue: Annotated[
        str | None, typer.Option(help="Any exchange that ccxt knows, or simulated; else the first of VENUES.")
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="Base and quote such as BTC/USD; else SYMBOL.")] = None,
    since: Annotated[str | None, typer.Option(help="How far back: a span such as 30d, or a date; else HISTORY.")] = None,
    follow: Annotated[bool, typer.Option("--follow/--once", help="Go on after each closed candle until stopped.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Fetch candles from an exchange, resuming where it stopped, and refill gaps.

    Where the exchange is away the next of VENUES stands in; what it lends is marked, and replaced later. Exit code 1: the
    stored candles end too long ago and nobody gave newer ones.

    Example: [bold]btcforecast ingest --venue kraken --since 2d[/]
    """
    is_current = context.run(_ingest(venue, symbol, since, follow=follow, as_json=as_json))
    if not is_current:
        raise typer.Exit(1)


async def _ingest(venue: str | None, symbol: str | None, since: str | None, *, follow: bool, as_json: bool) -> bool:
    from btcforecast.market.ingest import Ingest
    from btcforecast.market.venues import open_venues

    clock = SystemClock()
    async with context.opened() as (settings, database):
        series = _series(settings, venue, symbol)
        started_at = _start(since or settings.history, now=clock.now())
        names = (series.venue,) if series.is_simulated else (series.venue, *settings.venues)
        venues = open_venues(names, clock=clock, addresses=settings.venue_urls, simulated_seed=settings.simulated_seed)
        try:
            with context.progress() as bar:
                ingest = Ingest(database, venues, clock, on_progress=_shown_on(bar))
                is_current = await _run_once(ingest, series, started_at, as_json=as_json)
            while follow:
                await asyncio.sleep(BASE.seconds - clock.now() % BASE.seconds + _AFTER_CLOSE_S)
                is_current = await _run_once(ingest, series, started_at, as_json=as_json)
        finally:
            for opened in venues:
                await opened.close()
    return is_current


async def _run_once(ingest: Ingest, series: Series, since: int, *, as_json: bool) -> bool:
    fetched = await ingest.catch_up(series, since=since)
    refilled = await ingest.refill_gaps(series)
    if as_json:
        context.print_json({"fetched": fetched.as_dict(), "refilled": refilled.as_dict()})
    else:
        _show(fetched, refilled)
    return not refilled.is_stale


def _series(settings: Settings, venue: str | None, symbol: str | None) -> Series:
    if venue is None:
        venue = SIMULATED_VENUE if settings.market == "simulated" else settings.venues[0]
    return Series(venue, symbol or settings.symbol)


def _start(since: str, *, now: int) -> int:
    """Return the instant that a span before now, or a date, names."""
    if since[-1:] in {"m", "h", "d"}:
        return BASE.floor(now - parse_span(since))
    at = from_rfc3339(since)
    if at >= now:
        raise InputError(f"--since {since} lies in the future; write a past date or a span such as 30d.")
    return BASE.floor(at)


def _shown_on(bar: ProgressBar) -> Callable[[Progress], None]:
    """Return what draws each page on the bar."""
    tasks: dict[str, TaskID] = {}

    def show(progress: Progress) -> None:
        if progress.venue not in tasks:
            tasks[progress.venue] = bar.add_task(progress.venue)
        bar.update(
            tasks[progress.venue],
            completed=(progress.reached - progress.opened_from) // BASE.seconds,
            total=(progress.opened_before - progress.opened_from) // BASE.seconds,
        )

    return show


def _show(fetched: IngestReport, refilled: IngestReport) -> None:
    table = Table("venue", "new", "revised", "same", "left out", "what happened", box=None, pad_edge=False)
    for report, what in ((fetched, ""), (refilled, "refilled")):
        for tally in report.tallies.values():
            left_out = ", ".join(f"{n} {reason.replace('_', ' ')}" for reason, n in tally.n_rejected.items()) or "0"
            happened = tally.error or tally.disbelief or ("lent" if tally.venue in report.lent_by else what)
            table.add_row(tally.venue, f"{tally.n_new:,}", f"{tally.n_revised:,}", f"{tally.n_same:,}", left_out, happened)
    context.out.print(table)
    series = fetched.series
    mark = " (simulated)" if series.is_simulated else ""
    if refilled.as_of is None:
        context.notes.print(f"[bold yellow]{series}{mark} has no candles.[/]")
    elif refilled.is_stale:
        context.notes.print(f"[bold yellow]{series}{mark} is stale: its candles end at {to_rfc3339(refilled.as_of)}.[/]")
    else:
        context.notes.print(f"{series}{mark} is known up to {to_rfc3339(refilled.as_of)}.")
    for note in dict.fromkeys((*fetched.notes, *refilled.notes)):
        context.notes.print(f"[dim]{note}[/]")
