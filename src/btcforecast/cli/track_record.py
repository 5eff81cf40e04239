"""`track-record`: how the forecasts fared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from btcforecast.cli.context import notes, opened, out, print_json, run
from btcforecast.core import Horizon, Origin, SystemClock
from btcforecast.core.errors import InputError
from btcforecast.forecasts.series import choose_series

if TYPE_CHECKING:
    from btcforecast.forecasts.track_record import Figures, SkillFigure, TrackRecord


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("track-record")(track_record)


def track_record(
    *,
    origin: Annotated[Origin, typer.Option(help="live or replayed; the two are never mixed.")] = Origin.LIVE,
    window: Annotated[str, typer.Option(help="7d, 30d, 90d or all.")] = "all",
    horizon: Annotated[str | None, typer.Option(help="One horizon, such as 24h; otherwise all.")] = None,
    venue: Annotated[str | None, typer.Option(help="The venue, where the store has several.")] = None,
    symbol: Annotated[str | None, typer.Option(help="The symbol, such as BTC/USD.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, with PIT histograms and coverage by week.")] = False,
) -> None:
    """Print skill against every baseline, with intervals, and coverage, by model and horizon.

    Example: [bold]btcforecast track-record --origin replayed --window 30d[/]
    """
    found = run(_read(origin, window, horizon, venue, symbol))
    if json:
        print_json(found.to_json())
    else:
        _print(found)


async def _read(origin: Origin, window: str, horizon: str | None, venue: str | None, symbol: str | None) -> TrackRecord:
    from btcforecast.forecasts.track_record import WINDOWS
    from btcforecast.forecasts.track_record import track_record as compute

    if window not in WINDOWS:
        raise InputError(f"“{window}” is not a window; use {', '.join(WINDOWS)}.")
    only = None if horizon is None else Horizon.parse(horizon)
    async with opened() as (settings, database):
        series = await choose_series(database, venue=venue, symbol=symbol, preferred=settings.series)
        return await compute(database, series, origin=origin, clock=SystemClock(), horizon=only, window=window)


def _print(record: TrackRecord) -> None:
    from rich.table import Table

    mark = " · [yellow]simulated market[/]" if record.simulated else ""
    notes.print(f"[bold]{record.venue}:{record.symbol}[/], {record.origin} record{mark}")
    notes.print(
        f"Cycles issued {record.n_cycles_issued:,}, missed {record.n_cycles_missed:,}; targets settled {record.n_settled:,}."
    )
    if not record.n_settled:
        notes.print("No scheduled forecast has been settled yet.")
        return
    notes.print(f"Forecasts from {record.first_as_of} to {record.last_as_of}; the window ends {record.until}.")
    baselines = sorted({skill.baseline for figures in record.figures for skill in figures.skill})
    table = Table(
        "Horizon", "Model", caption="Skill in % of CRPS, with its 95 % interval; ● proven, ○ not.", caption_justify="left"
    )
    for heading in ("n", "CRPS bps", *(f"against {name}" for name in baselines), "held by 50 %", "80 %", "90 %", "95 %"):
        table.add_column(heading, justify="right")
    horizon = None
    for figures in record.figures:
        if horizon not in (None, figures.horizon):
            table.add_section()
        horizon = figures.horizon
        table.add_row(figures.horizon, figures.model, *_cells(figures, baselines))
    out.print(table)
    for figures in record.figures:
        if figures.role == "champion":
            out.print(f"{figures.horizon:>4}  {figures.model}: {figures.words}")


def _cells(figures: Figures, baselines: list[str]) -> list[str]:
    skills = {skill.baseline: skill for skill in figures.skill}
    crps = "" if figures.mean_crps_bps is None else f"{figures.mean_crps_bps:.1f}"
    held = [f"{coverage.observed_percent:.1f}" for coverage in figures.coverage] or [""] * 4
    return [f"{figures.n:,}", crps, *(_skill(skills.get(name)) for name in baselines), *held]


def _skill(skill: SkillFigure | None) -> str:
    if skill is None:
        return ""
    if skill.low is None or skill.high is None:
        return f"{100 * skill.value:.1f} [dim](too few)[/]"
    mark = {"better": "[green]●[/]", "worse": "[red]●[/]"}.get(skill.verdict, "○")
    return f"{mark} {100 * skill.value:.1f} [dim]({100 * skill.low:.1f} to {100 * skill.high:.1f})[/]"
