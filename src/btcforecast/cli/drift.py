"""`drift`: whether the present is still what the champion was made for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from btcforecast.cli.context import notes, opened, out, print_json, run
from btcforecast.core import SystemClock
from btcforecast.forecasts.series import choose_series

if TYPE_CHECKING:
    from btcforecast.forecasts.drift import DriftReport


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(drift)


def drift(
    *,
    venue: Annotated[str | None, typer.Option(help="The venue, where the store has several.")] = None,
    symbol: Annotated[str | None, typer.Option(help="The symbol, such as BTC/USD.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, with skill against every baseline.")] = False,
) -> None:
    """Print how calibration and inputs of the champion have moved over 7, 30 and 90 days.

    Example: [bold]btcforecast drift --json[/]
    """
    report = run(_read(venue, symbol))
    if json:
        print_json(report.to_json())
    else:
        _print(report)


async def _read(venue: str | None, symbol: str | None) -> DriftReport:
    from btcforecast.forecasts.drift import drift_report

    async with opened() as (settings, database):
        series = await choose_series(database, venue=venue, symbol=symbol, preferred=settings.series)
        return await drift_report(database, series, clock=SystemClock(), configured=settings.roles)


def _print(report: DriftReport) -> None:
    from rich.table import Table

    notes.print(f"[bold]{report.venue}:{report.symbol}[/], champion {report.model_version or report.model}")
    laws = Table("Window", "Horizon", title="Calibration of settled live forecasts", title_justify="left")
    for heading in ("n", "50 %", "80 %", "90 %", "95 %", "PIT distance", "usual"):
        laws.add_column(heading, justify="right")
    for figure in report.calibration:
        held = [f"{coverage.observed_percent:.1f}" for coverage in figure.coverage] or [""] * 4
        distances = [_figure(figure.pit_distance, 3), _figure(figure.pit_distance_usual, 3)]
        laws.add_row(figure.window, figure.horizon, f"{figure.n:,}", *held, *distances)
    out.print(laws)
    inputs = Table("Window", title="Inputs against the training year", title_justify="left")
    for heading in ("candles", "missing %", "volatility %", "PSI"):
        inputs.add_column(heading, justify="right")
    inputs.add_column("Drift")
    for window, found in report.inputs.items():
        row = (
            f"{found.n_candles:,}",
            f"{found.missing_percent:.1f}",
            _figure(found.volatility_percent, 0),
            _figure(found.psi, 3),
        )
        inputs.add_row(window, *row, found.level.replace("_", " "))
    out.print(inputs)
    for sentence in report.words:
        out.print(escape(sentence), soft_wrap=True)


def _figure(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:.{decimals}f}"
