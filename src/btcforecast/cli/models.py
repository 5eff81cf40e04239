"""`fit` and `models list|show|verify`: fitted model versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from btcforecast.cli import reigns
from btcforecast.cli.context import notes, opened, out, print_json, progress, run
from btcforecast.core import SystemClock, from_rfc3339, to_rfc3339

if TYPE_CHECKING:
    from btcforecast.forecasts.versions import ModelVersion

WRONG = 3
VenueOption = Annotated[str | None, typer.Option(help="The venue, where the store has several.")]
SymbolOption = Annotated[str | None, typer.Option(help="The symbol, such as BTC/USD.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add `fit` and the group `models`."""
    app.command()(fit)
    group = typer.Typer(help="Fitted model versions, and which model is champion.", no_args_is_help=True)
    group.command("list")(list_versions)
    group.command()(show)
    group.command()(verify)
    reigns.add_to(group)
    app.add_typer(group, name="models")


def fit(
    *,
    model: Annotated[str | None, typer.Option(help="Models by name, with commas between; otherwise all that are issued.")] = None,
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    until: Annotated[str | None, typer.Option(help="Fit to candles closed by then; otherwise to all.")] = None,
    since: Annotated[str | None, typer.Option(help="Leave older candles out.")] = None,
    json: JsonOption = False,
) -> None:
    """Fit models to the stored candles and keep them as signed versions.

    Example: [bold]btcforecast fit --model multiscale,ewma --until 2025-12-01[/]
    """
    versions = run(_fit(model, venue, symbol, until, since))
    if json:
        print_json([_as_json(version) for version in versions])
        return
    for version in versions:
        notes.print(f"Fitted {version.name} to {version.series} from {to_rfc3339(version.trained_from)}.")
        for warning in version.card.get("warnings", ()):
            notes.print(f"[yellow]Note:[/] {escape(warning)}", soft_wrap=True)


def list_versions(
    *,
    model: Annotated[str | None, typer.Option(help="Only this model.")] = None,
    json: JsonOption = False,
) -> None:
    """List the versions whose manifests are signed, newest data first.

    Example: [bold]btcforecast models list --model ewma[/]
    """
    from btcforecast.bootstrap import open_registry
    from btcforecast.settings import load_settings

    versions = open_registry(load_settings()).versions(model)
    if json:
        print_json([_as_json(version) for version in versions])
        return
    from rich.table import Table

    table = Table("version", "series", "trained from", "trained until", "fitted at", "code")
    for version in versions:
        span = (to_rfc3339(version.trained_from), to_rfc3339(version.trained_until))
        table.add_row(version.name, str(version.series), *span, to_rfc3339(version.created_at), version.code_version)
    out.print(table)


def show(
    version: Annotated[str, typer.Argument(help="The version's name, as in the list.")], *, json: JsonOption = False
) -> None:
    """Print what a version's signed manifest says, after checking its files.

    Example: [bold]btcforecast models show ewma@20251201T000000Z-1a2b3c4d[/]
    """
    from btcforecast.bootstrap import open_registry
    from btcforecast.settings import load_settings

    found = open_registry(load_settings()).version(version)
    if json:
        print_json(_as_json(found))
        return
    for name, value in _as_json(found).items():
        out.print(f"{name}: {escape(str(value))}", soft_wrap=True)


def verify(*, json: JsonOption = False) -> None:
    """Check signature and digest of every version's files. Exit code 3 when one was changed, cut or is unsigned.

    Example: [bold]btcforecast models verify[/]
    """
    from btcforecast.bootstrap import open_registry
    from btcforecast.settings import load_settings

    found = dict(open_registry(load_settings()).faults())
    wrong = {name: fault for name, fault in found.items() if fault is not None}
    if json:
        faults = [{"version": name, "what": fault} for name, fault in wrong.items()]
        print_json({"sound": not wrong, "n_versions": len(found), "faults": faults})
    else:
        for fault in wrong.values():
            out.print(f"[bold red]Wrong:[/] {escape(fault)}", soft_wrap=True)
        out.print(f"{len(found) - len(wrong):,} of {len(found):,} model versions are as they were signed.")
    if wrong:
        raise typer.Exit(WRONG)


async def _fit(
    model: str | None, venue: str | None, symbol: str | None, until: str | None, since: str | None
) -> list[ModelVersion]:
    from btcforecast.bootstrap import open_registry, open_roles
    from btcforecast.forecasts.fit import fit_models
    from btcforecast.forecasts.reigns import reigning_roles
    from btcforecast.forecasts.series import choose_series

    now = SystemClock().now()
    async with opened() as (settings, database):
        series = await choose_series(database, venue=venue, symbol=symbol, preferred=settings.series)
        async with database.read() as connection:
            roles = await reigning_roles(connection, series, settings.roles if model else open_roles(settings))
        names = model.split(",") if model else list(roles.models)
        with progress() as bar:
            task = bar.add_task("Fitting", total=len(names))
            return await fit_models(
                database,
                open_registry(settings),
                series,
                [name.strip() for name in names],
                until=now if until is None else from_rfc3339(until),
                since=None if since is None else from_rfc3339(since),
                now=now,
                on_fitted=lambda _: bar.advance(task),
            )


def _as_json(version: ModelVersion) -> dict[str, Any]:
    return {"version": version.name, **version.manifest()}
