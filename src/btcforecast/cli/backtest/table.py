"""Prints a backtest's leaderboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from btcforecast.cli.backtest.board import Leaderboard
from btcforecast.engine.backtest import Place, Ratio
from btcforecast.engine.scoring import MIN_BLOCKS

_MARKS: Final = {"better": "[green]✓[/]", "worse": "[red]✗[/]", "unproven": "○", "too_few": "○"}


def print_leaderboard(board: Leaderboard, *, baselines: tuple[str, ...], out: Console) -> None:
    """Print one table for each horizon, and one for paths."""
    sections = [(f"{horizon} ahead", "CRPS bps", places) for horizon, places in board.laws.items()]
    if board.paths:
        sections.append(("Paths over 24h", "Synth bps", board.paths))
    for title, unit, places in sections:
        if places:
            out.print(_table(title, unit, places, baselines=baselines))
        else:
            out.print(f"[bold]{title}[/]: no outcome in the file yet.")
    if baselines:
        out.print(
            "÷: mean score over the baseline's on the same forecasts, with its 95 % interval; below one is better. "
            "[green]✓[/] proven better, [red]✗[/] proven worse, ○ not proven; "
            f"too few: fewer than {MIN_BLOCKS} blocks of time prove nothing."
        )
    if any(board.laws.values()):
        out.print("Held by 50 % …: how often, in percent, the central interval of that name held the outcome.")
    took = ", ".join(f"{model} {spent:.1f} s" for model, spent in sorted(board.seconds.items(), key=lambda item: item[1]))
    out.print(f"Fitting and forecasting took: {took}.")


def _table(title: str, unit: str, places: Sequence[Place], *, baselines: tuple[str, ...]) -> Table:
    has_coverage = bool(places[0].coverage)
    table = Table(title=f"[bold]{title}[/], {places[0].n:,} forecasts", title_justify="left", box=SIMPLE_HEAD, padding=0)
    table.add_column("Model", no_wrap=True)
    held = ("held\n50 %", "by\n80 %", "\n90 %", "\n95 %") if has_coverage else ()
    for heading in (unit.replace(" ", "\n"), *("÷ " + name.replace("_", "\n") for name in baselines), *held):
        table.add_column(heading, justify="right", no_wrap=True)
    for place in places:
        coverage = [f"{place.coverage[percent]:.1f}" for percent in sorted(place.coverage)]
        ratios = [_cell(place.ratios.get(name)) for name in baselines]
        table.add_row(place.model, f"{place.score_bps:.2f}", *ratios, *coverage)
    return table


def _cell(ratio: Ratio | None) -> str:
    if ratio is None:
        return ""
    lines = [f"{_MARKS[ratio.verdict]} {ratio.value:.4f}"]
    if ratio.low is not None and ratio.high is not None:
        lines.append(f"[dim]{ratio.low:.3f}–{ratio.high:.3f}[/]")
    if ratio.verdict == "too_few":
        lines.append("[dim]too few[/]")
    return "\n".join(lines)
