"""`forecast`, `issue`, `settle`, `replay`: a forecast's life by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from btcforecast.bootstrap import open_registry, open_signer
from btcforecast.cli.context import notes, opened, out, print_json, progress, run
from btcforecast.core import Horizon, Origin, SystemClock, from_rfc3339, parse_span, price_decimals, to_rfc3339
from btcforecast.core.errors import NotFoundError
from btcforecast.forecasts.series import choose_series

if TYPE_CHECKING:
    from btcforecast.core import Forecast, Series
    from btcforecast.forecasts.replay import ReplayReport
    from btcforecast.forecasts.roles import Roles
    from btcforecast.settings import Settings
    from btcforecast.store.database import Database
    from btcforecast.store.forecasts import SealedForecast

WRONG = 3
_SHOWN_PERCENT = (5, 25, 50, 75, 95)

VenueOption = Annotated[str | None, typer.Option(help="The venue, where the store has several.")]
SymbolOption = Annotated[str | None, typer.Option(help="The symbol, such as BTC/USD.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(forecast)
    app.command()(issue)
    app.command()(settle)
    app.command()(replay)


def forecast(
    *,
    at: Annotated[str | None, typer.Option(help="An instant in the past, such as 2025-12-01T08:00Z: compute it again.")] = None,
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    model: Annotated[str | None, typer.Option(help="A model; otherwise the one that is served.")] = None,
    json: JsonOption = False,
) -> None:
    """Print the latest forecast, or compute a past one again and compare it with its ledger entry, bit for bit.

    Exit code 3 when a sealed forecast comes out differently.

    Example: [bold]btcforecast forecast --at 2025-12-01T08:00Z[/]
    """
    shown = run(_latest(venue, symbol, model) if at is None else _past(from_rfc3339(at), venue, symbol, model))
    if json:
        print_json(shown.to_json())
    else:
        _print_forecast(shown)
    if shown.differences:
        raise typer.Exit(WRONG)


def issue(
    *,
    at: Annotated[str | None, typer.Option(help="The instant; otherwise the newest scheduled one.")] = None,
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    json: JsonOption = False,
) -> None:
    """Issue the forecasts of one cycle and seal them in the live ledger.

    A cycle that is on record already is left as it is.

    Example: [bold]btcforecast issue[/]
    """
    report = run(_issue(None if at is None else from_rfc3339(at), venue, symbol))
    if json:
        print_json(report)
        return
    done = "Sealed" if report["is_new"] else "Was on record already:"
    notes.print(f"{done} {report['series']} at {report['as_of']}: {', '.join(report['models'])}.")


def settle(
    *,
    origin: Annotated[Origin, typer.Option(help="Which record.")] = Origin.LIVE,
    json: JsonOption = False,
) -> None:
    """Score every forecast whose outcome is known, and correct what a venue revised.

    Example: [bold]btcforecast settle[/]
    """
    from dataclasses import asdict

    report = asdict(run(_settle(origin)))
    if json:
        print_json(report)
        return
    notes.print(
        f"Targets settled {report['n_settled']:,}, void {report['n_void']:,}, corrected {report['n_corrected']:,}, "
        f"waiting for their candle {report['n_waiting']:,}.",
    )


def replay(
    *,
    since: Annotated[str, typer.Option("--from", help="The first instant, such as 2025-12-01.")],
    until: Annotated[str, typer.Option("--to", help="The instant before which to stop, such as 2026-01-01.")],
    every: Annotated[str | None, typer.Option(help="How often to issue; otherwise ISSUE_EVERY.")] = None,
    models: Annotated[
        str | None, typer.Option(help="Champion first, then baselines, as a comma list; otherwise the settings'.")
    ] = None,
    refit_every: Annotated[str, typer.Option(help="How often to fit anew.")] = "30d",
    train_since: Annotated[str | None, typer.Option(help="The oldest candle that a fit may see; otherwise all history.")] = None,
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    json: JsonOption = False,
) -> None:
    """Build a replayed record from history: issue, seal and settle every cycle as if it were then.

    Goes into a ledger of its own and is never mixed with live forecasts. When it was cut off, run it again: it goes on.

    Example: [bold]btcforecast replay --from 2025-12-01 --to 2026-01-01[/]
    """
    report = run(
        _replay(
            from_rfc3339(since),
            from_rfc3339(until),
            every=None if every is None else parse_span(every),
            models=models,
            refit_every_s=parse_span(refit_every),
            train_since=None if train_since is None else from_rfc3339(train_since),
            venue=venue,
            symbol=symbol,
        ),
    )
    from dataclasses import asdict

    if json:
        print_json(asdict(report))
        return
    known = f", {report.n_known:,} were on record already" if report.n_known else ""
    notes.print(
        f"Cycles issued {report.n_issued:,}, missed {report.n_missed:,}{known}; model versions fitted {report.n_fitted}; "
        f"targets settled {report.settled.n_settled:,}. See: btcforecast track-record --origin replayed",
    )


class _Shown:
    """A forecast to print: what it is, whether it is sealed, and how it compares with the ledger."""

    def __init__(
        self, forecast: Forecast, *, role: str, sealed: tuple[int, int] | None, differences: tuple[str, ...] | None
    ) -> None:
        self.forecast = forecast
        self.role = role
        self.sealed = sealed
        """When it was sealed and the number of its ledger entry."""
        self.differences = differences
        """None when it was not computed again; empty when every bit is the same."""

    @property
    def verdict(self) -> str | None:
        """Say how it compares with the ledger."""
        if self.differences is None:
            return None
        return "identical" if not self.differences else "different"

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        from btcforecast.core import LEVELS

        forecast = self.forecast
        return {
            "id": forecast.id,
            "venue": forecast.series.venue,
            "symbol": forecast.series.symbol,
            "simulated": forecast.series.is_simulated,
            "origin": str(forecast.origin) if self.sealed else None,
            "model": forecast.model,
            "model_version": forecast.model_version,
            "role": self.role,
            "as_of": to_rfc3339(forecast.as_of),
            "sealed": self.sealed is not None,
            "sealed_at": to_rfc3339(self.sealed[0]) if self.sealed else None,
            "ledger_entry": self.sealed[1] if self.sealed else None,
            "recomputed": self.verdict,
            "differences": list(self.differences or ()),
            "spot": forecast.spot,
            "seed": forecast.seed,
            "data_digest": forecast.data_digest,
            "calendar_digest": forecast.calendar_digest,
            "levels": LEVELS.tolist(),
            "log_return_quantiles": {str(horizon): law.quantiles.tolist() for horizon, law in forecast.distributions.items()},
        }


async def _latest(venue: str | None, symbol: str | None, model: str | None) -> _Shown:
    from btcforecast.engine.models.catalogue import load_model
    from btcforecast.forecasts.served import newest_served
    from btcforecast.store.forecasts import ForecastStore

    found: list[SealedForecast] = []
    async with opened() as (settings, database):
        series = await choose_series(database, venue=venue, symbol=symbol, preferred=settings.series)
        async with database.read() as connection:
            for origin in (Origin.LIVE, Origin.REPLAYED):
                if model is not None:
                    sealed = await ForecastStore(connection).latest(series, origin=origin, model=model)
                else:
                    served = await newest_served(connection, series, origin=origin)
                    sealed = None if served is None else served.sealed
                found += [] if sealed is None else [sealed]
    if not found:
        if model is not None:
            load_model(model)
            raise NotFoundError(f"No forecast of {series} by {model} has been sealed yet.")
        raise NotFoundError(f"No forecast of {series} has been sealed yet; use: btcforecast issue")
    newest = found[0]
    return _Shown(newest.forecast, role=newest.role, sealed=(newest.sealed_at, newest.ledger_seq), differences=None)


async def _past(as_of: int, venue: str | None, symbol: str | None, model: str | None) -> _Shown:
    from btcforecast.engine.models.catalogue import load_model
    from btcforecast.forecasts.issue import Issuer
    from btcforecast.forecasts.issue import issue as compute
    from btcforecast.forecasts.recompute import recompute
    from btcforecast.store.forecasts import ForecastStore, Role

    async with opened() as (settings, database):
        series = await choose_series(database, venue=venue, symbol=symbol, preferred=settings.series)
        async with database.read() as connection:
            store = ForecastStore(connection)
            at = [sealed for origin in (Origin.LIVE, Origin.REPLAYED) for sealed in await store.at(series, as_of, origin=origin)]
        registry = open_registry(settings)
        for sealed in at:
            if sealed.forecast.model == model or (model is None and sealed.role in (Role.CHAMPION, Role.FALLBACK)):
                again = await recompute(database, registry, sealed)
                place = (sealed.sealed_at, sealed.ledger_seq)
                return _Shown(again.forecast, role=sealed.role, sealed=place, differences=again.differences)
        roles = await _roles(settings, database, series, at=as_of) if model is None else _only(model)
        load_model(roles.champion)
        issued = await compute(
            database, Issuer(registry, roles), series=series, as_of=as_of, clock=SystemClock(), with_paths=False
        )
        return _Shown(issued.champion, role=roles.of(issued.champion.model), sealed=None, differences=None)


async def _issue(as_of: int | None, venue: str | None, symbol: str | None) -> dict[str, Any]:
    from btcforecast.forecasts.issue import Issuer
    from btcforecast.forecasts.issue import issue as compute
    from btcforecast.forecasts.ledger import sign_ledgers
    from btcforecast.forecasts.seal import Schedule, seal

    clock = SystemClock()
    async with opened() as (settings, database):
        series = await choose_series(database, venue=venue, symbol=symbol, preferred=settings.series)
        schedule = Schedule(every_s=parse_span(settings.issue_every), grace_s=parse_span(settings.issue_grace))
        as_of = schedule.newest_by(clock.now()) if as_of is None else as_of
        issuer = Issuer(open_registry(settings), await _roles(settings, database, series))
        issued = await compute(database, issuer, series=series, as_of=as_of, clock=clock)
        is_new = await seal(
            database,
            issued,
            schedule=schedule,
            clock=clock,
            paths_kept_s=parse_span(settings.paths_kept),
            limits=settings.gate_limits,
        )
        await sign_ledgers(database, open_signer(settings), clock=clock)
    return {
        "series": str(series),
        "as_of": to_rfc3339(as_of),
        "is_new": is_new,
        "scheduled": schedule.has(as_of),
        "forecast": issued.champion.id,
        "models": [made.model for made, _ in issued.forecasts],
    }


async def _settle(origin: Origin) -> Any:
    from btcforecast.forecasts.ledger import sign_ledgers
    from btcforecast.forecasts.settle import settle as run_settle
    from btcforecast.store.forecasts import ForecastStore

    clock = SystemClock()
    async with opened() as (settings, database):
        async with database.read() as connection:
            n_due = await ForecastStore(connection).n_due(origin=origin, at=clock.now())
        with progress() as bar:
            task = bar.add_task("Settling targets", total=n_due)
            report = await run_settle(database, clock=clock, origin=origin, on_progress=lambda n: bar.advance(task, n))
        await sign_ledgers(database, open_signer(settings), clock=clock)
    return report


async def _replay(
    since: int,
    until: int,
    *,
    every: int | None,
    models: str | None,
    refit_every_s: int,
    train_since: int | None,
    venue: str | None,
    symbol: str | None,
) -> ReplayReport:
    from btcforecast.forecasts.ledger import sign_ledgers
    from btcforecast.forecasts.replay import ReplayPlan
    from btcforecast.forecasts.replay import replay as run_replay
    from btcforecast.forecasts.roles import Roles

    clock = SystemClock()
    async with opened() as (settings, database):
        series = await choose_series(database, venue=venue, symbol=symbol, preferred=settings.series)
        names = None if models is None else tuple(name.strip() for name in models.split(",") if name.strip())
        roles = await _roles(settings, database, series) if not names else Roles(names[0], names[1:])
        plan = ReplayPlan(
            series,
            since,
            until,
            every_s=parse_span(settings.issue_every) if every is None else every,
            refit_every_s=refit_every_s,
            train_since=train_since,
        )
        notes.print(f"Replaying {series} from {to_rfc3339(since)} to {to_rfc3339(until)}: {', '.join(roles.models)}.")
        with progress() as bar:
            task = bar.add_task("Reading history, fitting", total=None)
            report = await run_replay(
                database,
                open_registry(settings),
                roles,
                plan,
                clock=clock,
                on_progress=lambda done, total: bar.update(task, description="Replaying cycles", completed=done, total=total),
            )
        await sign_ledgers(database, open_signer(settings), clock=clock)
    return report


async def _roles(settings: Settings, database: Database, series: Series, *, at: int | None = None) -> Roles:
    from btcforecast.bootstrap import open_roles
    from btcforecast.forecasts.reigns import reigning_roles

    async with database.read() as connection:
        return await reigning_roles(connection, series, open_roles(settings), at=at)


def _only(model: str) -> Roles:
    from btcforecast.forecasts.roles import Roles

    return Roles(model, ())


def _print_forecast(shown: _Shown) -> None:
    import numpy as np
    from rich.table import Table

    forecast = shown.forecast
    mark = " · [yellow]simulated market[/]" if forecast.series.is_simulated else ""
    decimals = price_decimals(forecast.spot)
    table = Table(
        title=f"{forecast.series} at {to_rfc3339(forecast.as_of)}, from {forecast.spot:,.{decimals}f}{mark}",
        caption=f"{forecast.model_version} ({shown.role})",
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("Horizon", justify="right")
    table.add_column("Target, UTC", no_wrap=True)
    for percent in _SHOWN_PERCENT:
        table.add_column("Median" if percent == 50 else f"{percent} %", justify="right")
    for horizon, law in forecast.distributions.items():
        # Two digits fewer than the spot: a quantile is not known to the cent.
        prices = forecast.spot * np.exp(law.quantile([percent / 100 for percent in _SHOWN_PERCENT]))
        table.add_row(str(horizon), _target(forecast.as_of, horizon), *(f"{price:,.{decimals - 2}f}" for price in prices))
    out.print(table)
    _print_proof(shown)


def _print_proof(shown: _Shown) -> None:
    if shown.sealed is None:
        notes.print("[yellow]Not sealed[/]: computed now, from what is stored now; it proves nothing about the past.")
        return
    sealed_at, seq = shown.sealed
    notes.print(f"Sealed {to_rfc3339(sealed_at)} as entry {seq} of the {shown.forecast.origin} ledger.")
    if shown.verdict == "identical":
        notes.print("[green]Identical[/]: computed again from candles, model version and seed, every bit is the same.")
    elif shown.verdict == "different":
        notes.print(f"[bold red]Different[/] from the ledger in: {', '.join(shown.differences or ())}.")


def _target(as_of: int, horizon: Horizon) -> str:
    return to_rfc3339(as_of + horizon.seconds)[:16].replace("T", " ")
