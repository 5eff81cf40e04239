"""`models compare|promote|rollback|reigns`: which model is champion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from btcforecast.cli.context import notes, opened, out, print_json, run
from btcforecast.core import SystemClock, to_rfc3339
from btcforecast.core.errors import InputError
from btcforecast.forecasts.series import choose_series

if TYPE_CHECKING:
    from btcforecast.engine.calibration.promotion import Comparison
    from btcforecast.store.gate import Reign

VenueOption = Annotated[str | None, typer.Option(help="The venue, where the store has several.")]
SymbolOption = Annotated[str | None, typer.Option(help="The symbol, such as BTC/USD.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def add_to(group: typer.Typer) -> None:
    """Add the commands to the group `models`."""
    group.command()(compare)
    group.command()(promote)
    group.command()(rollback)
    group.command()(reigns)


def compare(*, venue: VenueOption = None, symbol: SymbolOption = None, json: JsonOption = False) -> None:
    """Compare every challenger with the champion by the rule of docs/promotion.md; nothing is changed.

    Example: [bold]btcforecast models compare[/]
    """
    found = run(_compare(venue, symbol))
    if json:
        from btcforecast.forecasts.promotion import figures_of

        print_json([figures_of(comparison) for comparison in found])
        return
    if not found:
        notes.print("There are no challengers; name some in CHALLENGERS.")
    for comparison in found:
        _print_comparison(comparison)


def promote(
    challenger: Annotated[str, typer.Argument(help="The challenger's name.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Promote it although the rule is not met; recorded as such.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why; needed with --force, and put on record.")] = None,
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    json: JsonOption = False,
) -> None:
    """Make a challenger champion from the next cycle on, if it meets the rule of docs/promotion.md.

    The champion that was goes on as a challenger. Refuses with the figures, exit code 1, when the rule is not met.

    Example: [bold]btcforecast models promote log_har[/]
    """
    if (reason is not None) != force:
        raise InputError("--force and --reason go together: a promotion against the rule is put on record with its reason.")
    reign = run(_promote(challenger, reason, venue, symbol))
    if json:
        print_json(_as_json(reign))
        return
    notes.print(
        f"{reign.champion} is champion from {to_rfc3339(reign.began_at)}, after {reign.previous}; ledger entry {reign.ledger_seq}."
    )
    notes.print("To take it back: btcforecast models rollback")


def rollback(
    *,
    reason: Annotated[str, typer.Option(help="Why; put on record.")] = "Rolled back by the operator.",
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    json: JsonOption = False,
) -> None:
    """Bring back the champion before the newest promotion.

    Example: [bold]btcforecast models rollback --reason "too wide since Monday"[/]
    """
    reign = run(_roll_back(reason, venue, symbol))
    if json:
        print_json(_as_json(reign))
        return
    notes.print(f"{reign.champion} is champion again from {to_rfc3339(reign.began_at)}; ledger entry {reign.ledger_seq}.")


def reigns(*, venue: VenueOption = None, symbol: SymbolOption = None, json: JsonOption = False) -> None:
    """List who was champion since when, newest first.

    Example: [bold]btcforecast models reigns[/]
    """
    champion, found = run(_reigns(venue, symbol))
    if json:
        print_json({"champion": champion, "reigns": [_as_json(reign) for reign in found]})
        return
    from rich.table import Table

    table = Table()
    table.add_column("From", no_wrap=True, min_width=20)
    for heading in ("Champion", "After", "By", "Reason", "Entry"):
        table.add_column(heading)
    for reign in found:
        by = f"{reign.kind}, forced" if reign.is_forced else reign.kind
        row = (to_rfc3339(reign.began_at), reign.champion, reign.previous, by, escape(reign.reason), str(reign.ledger_seq))
        table.add_row(*row)
    out.print(f"Champion: {champion}" + ("" if found else ", as CHAMPION says; nothing was ever promoted."))
    if found:
        out.print(table)


async def _compare(venue: str | None, symbol: str | None) -> list[Comparison]:
    from btcforecast.forecasts.promotion import compared
    from btcforecast.forecasts.reigns import reigning_roles

    async with opened() as (settings, database):
        series = await choose_series(database, venue=venue, symbol=symbol, preferred=settings.series)
        async with database.read() as connection:
            roles = await reigning_roles(connection, series, settings.roles)
        return await compared(database, series, roles, clock=SystemClock(), limits=settings.promotion_limits)


async def _promote(challenger: str, reason: str | None, venue: str | None, symbol: str | None) -> Reign:
    from btcforecast.bootstrap import open_roles, open_signer
    from btcforecast.forecasts.ledger import sign_ledgers
    from btcforecast.forecasts.promotion import Forced
    from btcforecast.forecasts.promotion import promote as run_promote

    clock = SystemClock()
    async with opened() as (settings, database):
        series = await choose_series(database, venue=venue, symbol=symbol, preferred=settings.series)
        reign, _ = await run_promote(
            database,
            series,
            open_roles(settings),
            challenger,
            clock=clock,
            limits=settings.promotion_limits,
            forced=None if reason is None else Forced(reason),
        )
        await sign_ledgers(database, open_signer(settings), clock=clock)
    return reign


async def _roll_back(reason: str, venue: str | None, symbol: str | None) -> Reign:
    from btcforecast.bootstrap import open_roles, open_signer
    from btcforecast.forecasts.ledger import sign_ledgers
    from btcforecast.forecasts.promotion import roll_back

    clock = SystemClock()
    async with opened() as (settings, database):
        series = await choose_series(database, venue=venue, symbol=symbol, preferred=settings.series)
        reign = await roll_back(database, series, open_roles(settings), clock=clock, reason=reason)
        await sign_ledgers(database, open_signer(settings), clock=clock)
    return reign


async def _reigns(venue: str | None, symbol: str | None) -> tuple[str, list[Reign]]:
    from btcforecast.forecasts.reigns import reigning_roles
    from btcforecast.store.gate import GateStore

    async with opened() as (settings, database):
        series = await choose_series(database, venue=venue, symbol=symbol, preferred=settings.series)
        async with database.read() as connection:
            roles = await reigning_roles(connection, series, settings.roles)
            return roles.champion, await GateStore(connection).reigns(series)


def _print_comparison(comparison: Comparison) -> None:
    verdict = "[green]meets the rule[/]" if comparison.is_met else "[yellow]does not meet the rule[/]"
    out.print(f"[bold]{comparison.challenger}[/] against {comparison.champion}: {verdict}")
    for finding in comparison.findings:
        mark = "[green]met[/]    " if finding.is_met else "[yellow]not met[/]"
        out.print(f"  {mark}  {escape(finding.words)}", soft_wrap=True)


def _as_json(reign: Reign) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(reign), "began_at": to_rfc3339(reign.began_at)}
