"""`track-record`: how the forecasts fared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from btcforecast.cli.context import notes, opened, out, print_json, run
from btcforecast.core import HORIZONS, Horizon, Origin, SystemClock
from btcforecast.core.errors import InputError
from btcforecast.forecasts.series import choose_series

if TYPE_CHECKING:
    from rich.table import Table

    from btcforecast.forecasts.track_record import Figures, TrackRecord

_VERDICTS = {
    "better": "[green]better[/]",
    "worse": "[red]worse[/]",
    "unproven": "no evidence of skill",
    "too_few": "too few",
}


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
    if only is not None and only not in HORIZONS:
        raise InputError(f"“{horizon}” is not a horizon of the forecasts; use {', '.join(map(str, HORIZONS))}.")
    async with opened() as (settings, database):
        series = await choose_series(database, venue=venue, symbol=symbol, preferred=settings.series)
        return await compute(database, series, origin=origin, clock=SystemClock(), horizon=only, window=window)


def _print(record: TrackRecord) -> None:
    mark = " · [yellow]simulated market[/]" if record.simulated else ""
    notes.print(f"[bold]{record.venue}:{record.symbol}[/], {record.origin} record{mark}")
    notes.print(
        f"Cycles issued {record.n_cycles_issued:,}, missed {record.n_cycles_missed:,}; targets settled {record.n_settled:,}."
    )
    if not record.n_settled:
        notes.print("No scheduled forecast has been settled yet.")
        return
    notes.print(f"Forecasts from {record.first_as_of} to {record.last_as_of}.")
    out.print(_scores(record))
    out.print(_skill(record))


def _scores(record: TrackRecord) -> Table:
    from rich.table import Table

    table = Table("Horizon", "Model", title="Score, and how often the intervals held the outcome (%)", title_justify="left")
    for heading in ("n", "CRPS bps", "50 %", "80 %", "90 %", "95 %"):
        table.add_column(heading, justify="right")
    for figures, starts in _with_starts(record):
        if starts:
            table.add_section()
        crps = "" if figures.mean_crps_bps is None else f"{figures.mean_crps_bps:.1f}"
        held = [f"{coverage.observed_percent:.1f}" for coverage in figures.coverage] or [""] * 4
        table.add_row(figures.horizon if starts else "", figures.model, f"{figures.n:,}", crps, *held)
    return table


def _skill(record: TrackRecord) -> Table:
    from rich.table import Table

    table = Table("Horizon", "Model", "Against", title="Skill: CRPS saved, %, with its 95 % interval", title_justify="left")
    for heading in ("Skill", "Interval", "p"):
        table.add_column(heading, justify="right")
    table.add_column("Verdict")
    shown = [(figures, skill) for figures in record.figures for skill in figures.skill]
    horizon = None
    for figures, skill in shown:
        if horizon not in (None, figures.horizon):
            table.add_section()
        interval = "" if skill.low is None or skill.high is None else f"{100 * skill.low:.1f} to {100 * skill.high:.1f}"
        p_value = "" if skill.p_value is None else f"{skill.p_value:.3f}"
        name = "" if horizon == figures.horizon else figures.horizon
        horizon = figures.horizon
        table.add_row(
            name, figures.model, skill.baseline, f"{100 * skill.value:.1f}", interval, p_value, _VERDICTS[skill.verdict]
        )
    return table


def _with_starts(record: TrackRecord) -> list[tuple[Figures, bool]]:
    """Return the figures, each with whether it is the first of its horizon."""
    horizons = [figures.horizon for figures in record.figures]
    return [(figures, place == 0 or horizons[place - 1] != horizons[place]) for place, figures in enumerate(record.figures)]
