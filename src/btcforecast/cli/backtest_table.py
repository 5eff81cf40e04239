"""Prints a backtest's leaderboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from btcforecast.cli.backtest_run import Leaderboard
from btcforecast.engine.backtest import Place, Ratio

_WIDTH_WHEN_PIPED: Final = 100


def print_leaderboard(board: Leaderboard, *, baselines: tuple[str, ...], out: Console) -> None:
    """Print one table for each horizon, and one for paths."""
    sections = [(f"{horizon} ahead", "CRPS bps", places) for horizon, places in board.laws.items()]
    if board.paths:
        sections.append(("Paths over 24h", "Synth bps", board.paths))
    if not out.is_terminal:
        # A pipe has no width of its own, and rich would take 80 columns for it and cut figures.
        out = Console(file=out.file, width=_WIDTH_WHEN_PIPED, highlight=False)
    for title, unit, places in sections:
        if places:
            out.print(_table(title, unit, places, baselines=baselines, seconds=board.seconds))
        else:
            out.print(f"[bold]{title}[/]: no outcome in the file yet.")
    if baselines:
        out.print(
            "÷: mean score over the baseline's on the same forecasts, with its 95 % interval; below one is better. "
            "[green]✓[/] proven better, [red]✗[/] proven worse, ○ not proven."
        )
    out.print("50 % to 95 %: how often, in percent, the central interval of that name held the outcome.")


def _table(title: str, unit: str, places: Sequence[Place], *, baselines: tuple[str, ...], seconds: dict[str, float]) -> Table:
    with_coverage = bool(places[0].coverage)
    table = Table("Model", title=f"[bold]{title}[/], {places[0].n:,} forecasts", title_justify="left", box=SIMPLE_HEAD)
    held = ("50 %", "80 %", "90 %", "95 %") if with_coverage else ()
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
    mark = "[green]✓[/]" if ratio.high < 1 else "[red]✗[/]" if ratio.low > 1 else "○"
    return f"{mark} {ratio.value:.4f}\n[dim]{ratio.low:.3f} to {ratio.high:.3f}[/]"
