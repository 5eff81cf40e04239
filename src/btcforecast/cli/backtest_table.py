"""Prints a backtest's leaderboard."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from btcforecast.cli.backtest_run import Leaderboard
from btcforecast.engine.backtest import Place, Ratio

_WIDTH_WHEN_PIPED = 100


def print_leaderboard(board: Leaderboard, *, baselines: tuple[str, ...], out: Console) -> None:
    """Print one table for each horizon, and one for paths."""
    sections = [(f"{horizon} ahead", "CRPS bps", places) for horizon, places in board.laws.items()]
    if board.paths:
        sections.append(("Paths over 24h", "Synth bps", board.paths))
    width = max(out.width, _WIDTH_WHEN_PIPED) if not out.is_terminal else None
    for title, unit, places in sections:
        if places:
            out.print(_table(title, unit, places, baselines=baselines, seconds=board.seconds), width=width)
        else:
            out.print(f"[bold]{title}[/]: no outcome in the file yet.")
    if baselines:
        out.print(
            "÷: mean score over the baseline's on the same forecasts, with its 95 % interval; below one is better. "
            "[green]●[/] proven better, [red]●[/] proven worse, ○ not proven."
        )
    out.print("Held by 50 % …: how often, in percent, the outcome lay in the central interval of that name.")


def _table(title: str, unit: str, places: Sequence[Place], *, baselines: tuple[str, ...], seconds: dict[str, float]) -> Table:
    with_coverage = bool(places[0].coverage)
    table = Table("Model", title=f"[bold]{title}[/], {places[0].n:,} forecasts", title_justify="left", box=SIMPLE_HEAD)
    held = ("held by\n50 %", "\n80 %", "\n90 %", "\n95 %") if with_coverage else ()
    for heading in (unit, *(f"÷ {name}" for name in baselines), *held, "seconds"):
        table.add_column(heading, justify="right", no_wrap=True)
    for place in places:
        coverage = [f"{place.coverage[percent]:.1f}" for percent in sorted(place.coverage)]
        ratios = [_cell(place.ratios.get(name)) for name in baselines]
        table.add_row(place.model, f"{place.score_bps:.2f}", *ratios, *coverage, f"{seconds[place.model]:.1f}")
    return table


def _cell(ratio: Ratio | None) -> str:
    if ratio is None:
        return ""
    if ratio.low is None or ratio.high is None:
        return f"{ratio.value:.4f}\n[dim]too few[/]"
    mark = "[green]●[/]" if ratio.high < 1 else "[red]●[/]" if ratio.low > 1 else "○"
    return f"{mark} {ratio.value:.4f}\n[dim]{ratio.low:.3f} to {ratio.high:.3f}[/]"
