"""`gate`: what is served, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from btcforecast.cli.context import notes, opened, out, print_json, run
from btcforecast.core import to_rfc3339
from btcforecast.forecasts.series import choose_series

if TYPE_CHECKING:
    from rich.table import Table

    from btcforecast.core import Series
    from btcforecast.store.gate import GateState, GateTransition

_COLOURS = {"open": "green", "demoted": "yellow", "suspended": "bold red", "withheld": "bold red"}
_VERDICTS = {"holds": "[green]holds[/]", "outside": "[bold red]outside[/]", "not_judged": "too few"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(gate)


def gate(
    *,
    venue: Annotated[str | None, typer.Option(help="The venue, where the store has several.")] = None,
    symbol: Annotated[str | None, typer.Option(help="The symbol, such as BTC/USD.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print which model is served and why, every measure with its limits, and the newest changes.

    Example: [bold]btcforecast gate[/]
    """
    series, state, transitions = run(_read(venue, symbol))
    if json:
        print_json(_as_json(series, state, transitions))
    elif state is None:
        notes.print(f"No live cycle of {series} has passed the gate yet.")
    else:
        _print(series, state, transitions)


async def _read(venue: str | None, symbol: str | None) -> tuple[Series, GateState | None, list[GateTransition]]:
    from btcforecast.store.gate import GateStore

    async with opened() as (settings, database):
        series = await choose_series(database, venue=venue, symbol=symbol, preferred=settings.series)
        async with database.read() as connection:
            store = GateStore(connection)
            return series, await store.state(series), await store.transitions(series)


def _print(series: Series, state: GateState, transitions: list[GateTransition]) -> None:
    since = "from the start" if state.since is None else f"since {to_rfc3339(state.since)}"
    served = "nothing is served" if state.served_model is None else f"{state.served_model} is served"
    out.print(f"[bold]{series}[/]: [{_COLOURS[state.state]}]{state.state}[/] {since}; {served}.")
    out.print(escape(state.reason), soft_wrap=True)
    out.print(_measures(state))
    for change in transitions:
        words = f"{to_rfc3339(change.as_of)}  {change.previous} → {change.state}  (entry {change.ledger_seq})  {change.reason}"
        out.print(escape(words), soft_wrap=True)


def _measures(state: GateState) -> Table:
    from rich.table import Table

    table = Table(title=f"Judged {to_rfc3339(state.judged_at)}", title_justify="left")
    table.add_column("Measure", no_wrap=True, min_width=max(len(measure["name"]) for measure in state.measures))
    for heading in ("value", "at least", "at most", "rests on", "needs"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for measure in state.measures:
        figures = [_figure(measure[name]) for name in ("value", "low", "high", "n", "n_needed")]
        table.add_row(measure["name"], *figures, _VERDICTS[measure["verdict"]])
    return table


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}"


def _as_json(series: Series, state: GateState | None, transitions: list[GateTransition]) -> dict[str, Any]:
    from dataclasses import asdict

    head = {"venue": series.venue, "symbol": series.symbol, "simulated": series.is_simulated}
    changes = [
        {**asdict(change), "as_of": to_rfc3339(change.as_of), "judged_at": to_rfc3339(change.judged_at)} for change in transitions
    ]
    if state is None:
        return {**head, "state": "open", "judged_at": None, "transitions": changes}
    return {
        **head,
        **asdict(state),
        "as_of": to_rfc3339(state.as_of),
        "judged_at": to_rfc3339(state.judged_at),
        "since": None if state.since is None else to_rfc3339(state.since),
        "measures": list(state.measures),
        "transitions": changes,
    }
