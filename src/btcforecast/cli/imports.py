"""`btcforecast import` and `btcforecast gaps`: candles from files, and where they are missing."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from btcforecast.cli import context
from btcforecast.core import Interval, Series, SystemClock, counted, to_rfc3339
from btcforecast.core.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from btcforecast.market.files import Bounds, Chunk
    from btcforecast.market.imports import ImportReport
    from btcforecast.store.candles import Gap


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("import")(import_file)
    app.command()(gaps)


def import_file(
    file: Annotated[Path, typer.Argument(help="CSV (also .csv.gz) or Parquet file of candles of five minutes or finer.")],
    *,
    symbol: Annotated[str | None, typer.Option(help="Base and quote such as BTC/USD; else taken from the file's name.")] = None,
    venue: Annotated[str | None, typer.Option(help="Where the candles come from; else taken from the file's name.")] = None,
    interval: Annotated[str | None, typer.Option(help="Width of the candles such as 1m; else told from their times.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Store nothing unless every row is good.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file and store nothing.")] = False,
    rejects: Annotated[Path | None, typer.Option(help="Write every rejected row with its reason to this CSV file.")] = None,
    max_rows: Annotated[int | None, typer.Option(help="Store nothing of a file with more rows.", min=1)] = None,
    max_unpacked_bytes: Annotated[int | None, typer.Option(help="Store nothing of a file that unpacks to more.", min=1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Store the candles of a file.

    Column names, time formats and the interval are recognised; one-minute candles are joined to five-minute ones. Rows that
    are no candles are left out and reported by line with the reason. All good rows are stored together, or none. Exit code
    2: the file cannot be used, or --strict and a row was rejected.

    Example: [bold]btcforecast import binance_BTCUSDT_5m.parquet[/], or
    [bold]btcforecast import prices.csv --venue kraken --symbol BTC/USD --strict[/]
    """
    from btcforecast.market.files import Bounds, series_of

    series = series_of(file, venue=venue, symbol=symbol)
    width = Interval.parse(interval) if interval else None
    bounds = Bounds(max_rows=max_rows, max_unpacked_bytes=max_unpacked_bytes)
    report = context.run(
        _import(file, series, interval=width, is_strict=strict, is_dry_run=dry_run, rejects=rejects, bounds=bounds)
    )
    if as_json:
        context.print_json(report.as_dict())
    else:
        _print_report(report, is_dry_run=dry_run)
    if strict and report.n_rejected:
        raise InputError(
            f"Nothing was stored: {report.n_rejected.total():,} rows of {file} are no candles, and --strict was given."
        )


async def _import(
    file: Path,
    series: Series,
    *,
    interval: Interval | None,
    is_strict: bool,
    is_dry_run: bool,
    rejects: Path | None,
    bounds: Bounds,
) -> ImportReport:
    from btcforecast.market.imports import import_candles

    async with context.opened() as (_, database):
        with _written_to(rejects) as write_rejects, context.progress() as bar:
            task = bar.add_task(f"Reading {file.name}", total=100)

            def tell(chunk: Chunk, n_units: int) -> None:
                write_rejects(chunk)
                bar.update(task, completed=100 * chunk.n_done // max(n_units, 1))

            return await import_candles(
                database,
                file,
                series=series,
                now=SystemClock().now(),
                interval=interval,
                is_strict=is_strict,
                is_dry_run=is_dry_run,
                bounds=bounds,
                on_chunk=tell,
            )


@contextmanager
def _written_to(path: Path | None) -> Iterator[Callable[[Chunk], None]]:
    """Yield what writes a chunk's rejected rows to the file, or does nothing."""
    if path is None:
        yield lambda _chunk: None
        return
    try:
        file = path.open("w", newline="", encoding="utf-8")
    except OSError as e:
        raise InputError(f"{path} cannot be written: {e.strerror}.") from e
    with file:
        writer = csv.writer(file)
        writer.writerow(["line", "reason", "found"])
        yield lambda chunk: writer.writerows((row.line, str(row.reason), harmless(row.found)) for row in chunk.rejected)


def harmless(text: str) -> str:
    """Return a text of somebody's file so that no spreadsheet takes it for a formula (OWASP, CSV Injection)."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _print_report(report: ImportReport, *, is_dry_run: bool) -> None:
    if report.n_rejected:
        table = Table("line", "reason", "found", title="Rows left out")
        for row in report.rejected:
            table.add_row(f"{row.line:,}", row.reason, row.found)
        context.out.print(table)
        for reason, n in report.n_rejected.most_common():
            context.out.print(f"{n:>12,}  {reason}")
    span = ""
    if report.first_opened_at is not None and report.last_opened_at is not None:
        span = f", {to_rfc3339(report.first_opened_at)} to {to_rfc3339(report.last_opened_at)}"
    context.out.print(
        f"[bold]{report.series}[/]: {report.n_candles:,} candles from {report.n_rows:,} rows{span}; "
        f"{report.n_rejected.total():,} rows left out.",
        soft_wrap=True,
    )
    if report.is_stored:
        written = report.written
        context.out.print(f"Stored: {written.n_new:,} new, {written.n_revised:,} revised, {written.n_same:,} as before.")
    else:
        context.out.print("Nothing was stored: this was a dry run." if is_dry_run else "Nothing was stored.")


def gaps(
    symbol: Annotated[str | None, typer.Option(help="Only this symbol, such as BTC/USD.")] = None,
    venue: Annotated[str | None, typer.Option(help="Only this venue.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the gaps as JSON.")] = False,
) -> None:
    """List the spans in which candles are missing, or borrowed from another venue.

    Example: [bold]btcforecast gaps --venue coinbase --symbol BTC/USD[/]
    """
    found = context.run(_gaps(venue, symbol))
    if as_json:
        context.print_json([_as_dict(series, gap) for series, listed in found.items() for gap in listed])
        return
    for series, listed in found.items():
        if not listed:
            context.out.print(f"[bold]{series}[/]: no gaps.")
            continue
        n_missing = sum(gap.n_missing for gap in listed)
        table = Table(title=f"{series}: {counted(len(listed), 'gap')}, {counted(n_missing, 'candle')} missing")
        table.add_column("from")
        table.add_column("to")
        table.add_column("missing", justify="right")
        table.add_column("borrowed", justify="right")
        for gap in listed:
            table.add_row(to_rfc3339(gap.opened_from), to_rfc3339(gap.opened_before), f"{gap.n_missing:,}", f"{gap.n_borrowed:,}")
        context.out.print(table)


async def _gaps(venue: str | None, symbol: str | None) -> dict[Series, list[Gap]]:
    from btcforecast.market.files import parse_symbol
    from btcforecast.store.candles import CandleStore

    wanted = parse_symbol(symbol) if symbol else None
    async with context.opened() as (_, database), database.read() as connection:
        store = CandleStore(connection)
        chosen = [
            series
            for series in await store.list_series()
            if (venue is None or series.venue == venue) and (wanted is None or series.symbol == wanted)
        ]
        if not chosen:
            raise NotFoundError("There are no such candles; see `btcforecast import --help` and `btcforecast ingest --help`.")
        return {series: await store.gaps(series) for series in chosen}


def _as_dict(series: Series, gap: Gap) -> dict[str, str | int]:
    return {
        "venue": series.venue,
        "symbol": series.symbol,
        "opened_from": to_rfc3339(gap.opened_from),
        "opened_before": to_rfc3339(gap.opened_before),
        "n_missing": gap.n_missing,
        "n_borrowed": gap.n_borrowed,
    }
