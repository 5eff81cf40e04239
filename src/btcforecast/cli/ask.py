"""`ask`: questions about the price, answered from the store as the API answers them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from btcforecast.cli.context import notes, opened, out, print_json, run
from btcforecast.core import Origin, SystemClock, price_decimals
from btcforecast.core.errors import InputError

if TYPE_CHECKING:
    from btcforecast.api.schemas.probability import Probability
    from btcforecast.api.schemas.questions import FirstPassage, QuestionRecord, Range, Risk
    from btcforecast.api.schemas.shared import Answer
    from btcforecast.api.service import Service
    from btcforecast.core import Series
    from btcforecast.settings import Settings
    from btcforecast.store.database import Database

Found = TypeVar("Found", bound="Answer")
Ask = Callable[["Service", "Series", "int | None", "int | None"], Awaitable[Found]]

PriceArgument = Annotated[float, typer.Argument(help="A price in quote currency.", min=1e-9, max=1e12)]
ByOption = Annotated[str | None, typer.Option("--by", help="The instant, such as 2025-12-31 or 2025-12-31T18:00Z.")]
HorizonOption = Annotated[str | None, typer.Option(help="Instead of --by: so long after the forecast, such as 24h.")]
VenueOption = Annotated[str | None, typer.Option(help="The venue, where the store has several.")]
SymbolOption = Annotated[str | None, typer.Option(help="The symbol, such as BTC/USD.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, as the API answers.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(name="ask", help="Ask about the price up to 30 days ahead.", no_args_is_help=True)
    for command in (above, below, between, touch, passage, risk, record):
        group.command()(command)
    group.command("range")(price_range)
    app.add_typer(group)


def above(
    price: PriceArgument,
    *,
    by: ByOption = None,
    horizon: HorizonOption = None,
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    json: JsonOption = False,
) -> None:
    """Print how likely the price is above a level at an instant.

    Example: [bold]btcforecast ask above 120000 --by 2025-12-31[/]
    """
    _print_probability(_probability(by, horizon, venue, symbol, above=price), json=json)


def below(
    price: PriceArgument,
    *,
    by: ByOption = None,
    horizon: HorizonOption = None,
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    json: JsonOption = False,
) -> None:
    """Print how likely the price is at or below a level at an instant.

    Example: [bold]btcforecast ask below 80000 --horizon 7d[/]
    """
    _print_probability(_probability(by, horizon, venue, symbol, below=price), json=json)


def between(
    low: PriceArgument,
    high: PriceArgument,
    *,
    by: ByOption = None,
    horizon: HorizonOption = None,
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    json: JsonOption = False,
) -> None:
    """Print how likely the price is between two levels at an instant.

    Example: [bold]btcforecast ask between 80000 90000 --horizon 24h[/]
    """
    _print_probability(_probability(by, horizon, venue, symbol, between=f"{low},{high}"), json=json)


def touch(
    price: PriceArgument,
    *,
    by: ByOption = None,
    horizon: HorizonOption = None,
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    json: JsonOption = False,
) -> None:
    """Print how likely the price touches a level at some moment up to an instant.

    Example: [bold]btcforecast ask touch 95000 --horizon 3d[/]
    """
    _print_probability(_probability(by, horizon, venue, symbol, touch=price), json=json)


def price_range(
    *,
    by: ByOption = None,
    horizon: HorizonOption = None,
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    json: JsonOption = False,
) -> None:
    """Print the expected highest and lowest price up to an instant.

    Example: [bold]btcforecast ask range --horizon 24h[/]
    """

    async def ask(service: Service, series: Series, at: int | None, horizon_s: int | None) -> Range:
        from btcforecast.api.answers.questions import price_range as answer

        return await answer(service, series, at=at, horizon_s=horizon_s)

    found = _asked(ask, by, horizon, venue, symbol)
    if json:
        print_json(found.model_dump(mode="json"))
        return
    _say(found.words, found.notes, served=found.model)
    decimals = price_decimals(found.spot)
    for name, price in (("highest", found.high), ("lowest", found.low), ("range", found.width)):
        out.print(f"{name:<8} {price.price:>14,.{decimals}f} ± {price.standard_error:,.{decimals}f}")


def risk(
    *,
    by: ByOption = None,
    horizon: HorizonOption = None,
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    json: JsonOption = False,
) -> None:
    """Print value at risk and expected shortfall of one unit, long and short.

    Example: [bold]btcforecast ask risk --horizon 7d[/]
    """

    async def ask(service: Service, series: Series, at: int | None, horizon_s: int | None) -> Risk:
        from btcforecast.api.answers.questions import risks as answer

        return await answer(service, series, at=at, horizon_s=horizon_s, side=None)

    found = _asked(ask, by, horizon, venue, symbol)
    if json:
        print_json(found.model_dump(mode="json"))
        return
    from rich.table import Table

    _say(found.words, found.notes, served=found.model)
    table = Table("Side", "Confidence", "Price")
    for heading in ("VaR", "VaR, log %", "ES", "ES, log %"):
        table.add_column(heading, justify="right")
    decimals = price_decimals(found.spot)
    for figure in found.figures:
        losses = (figure.value_at_risk, figure.expected_shortfall)
        cells = [text for loss in losses for text in (_money(loss.quote, decimals), f"{100 * loss.log_return:.2f}")]
        table.add_row(figure.side, f"{figure.level_percent:.0f} %", f"{figure.price:,.{decimals}f}", *cells)
    out.print(table)


def passage(
    price: PriceArgument,
    *,
    by: ByOption = None,
    horizon: HorizonOption = None,
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    json: JsonOption = False,
) -> None:
    """Print when a level is first touched: how likely by when, as far as forecasts reach unless told otherwise.

    Example: [bold]btcforecast ask passage 120000[/]
    """

    async def ask(service: Service, series: Series, at: int | None, horizon_s: int | None) -> FirstPassage:
        from btcforecast.api.answers.questions import first_passage as answer

        return await answer(service, series, level=price, at=at, horizon_s=horizon_s)

    found = _asked(ask, by, horizon, venue, symbol)
    if json:
        print_json(found.model_dump(mode="json"))
        return
    from rich.table import Table

    _say(found.words, found.notes, served=found.model)
    table = Table("By, UTC", "Probability, %", "±")
    for point in found.curve[3::4]:
        table.add_row(point.at, f"{100 * point.probability:.1f}", f"{100 * point.standard_error:.1f}")
    out.print(table)


def record(
    *,
    origin: Annotated[Origin, typer.Option(help="live or replayed; the two are never mixed.")] = Origin.LIVE,
    window: Annotated[str, typer.Option(help="7d, 30d, 90d or all.")] = "all",
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    json: JsonOption = False,
) -> None:
    """Print how the questions sealed with every cycle fared: Brier scores, their parts, and skill against every baseline.

    Example: [bold]btcforecast ask record --origin replayed[/]
    """
    found = run(_record(origin, window, venue, symbol))
    if json:
        print_json(found.model_dump(mode="json"))
        return
    if not found.figures:
        notes.print("No sealed question has been answered yet.")
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    title = "Brier score of sealed questions, and its parts"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("Question", no_wrap=True)
    table.add_column("Model", no_wrap=True)
    for heading in ("n", "Brier", "Relia-\nbility", "Reso-\nlution", "Uncer-\ntainty"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Verdict")
    for figures in found.figures:
        parts = (figures.brier, figures.reliability, figures.resolution, figures.uncertainty)
        shown = [f"{part:.4f}" for part in parts]
        words = "a baseline" if figures.role == "baseline" else figures.words
        table.add_row(f"{figures.kind}, {figures.horizon}", figures.model, f"{figures.n:,}", *shown, words)
    out.print(table)


def _probability(
    by: str | None,
    horizon: str | None,
    venue: str | None,
    symbol: str | None,
    *,
    above: float | None = None,
    below: float | None = None,
    between: str | None = None,
    touch: float | None = None,
) -> Probability:
    async def ask(service: Service, series: Series, at: int | None, horizon_s: int | None) -> Probability:
        from btcforecast.api.answers.probability import probability as answer
        from btcforecast.api.text import asked_for

        question = asked_for(above=above, below=below, between=between, touch=touch)
        return await answer(service, series, question, at=at, horizon_s=horizon_s)

    return _asked(ask, by, horizon, venue, symbol)


def _asked(ask: Ask[Found], by: str | None, horizon: str | None, venue: str | None, symbol: str | None) -> Found:
    async def work() -> Found:
        from btcforecast.api.text import instant, span

        async with opened() as (settings, database):
            service = _service(settings, database)
            series = await _series(service, venue, symbol)
            return await ask(service, series, instant(by, "--by"), span(horizon, "--horizon"))

    return run(work())


async def _record(origin: Origin, window: str, venue: str | None, symbol: str | None) -> QuestionRecord:
    from btcforecast.api.answers.questions import question_record
    from btcforecast.api.schemas.record import Window

    if window not in list(Window):
        raise InputError(f"“{window}” is not a window; use {', '.join(Window)}.")
    async with opened() as (settings, database):
        service = _service(settings, database)
        series = await _series(service, venue, symbol)
        return await question_record(service, series, origin=origin, window=Window(window), kind=None, model=None)


def _service(settings: Settings, database: Database) -> Service:
    from btcforecast.api.service import Service
    from btcforecast.api.stream.hub import Hub
    from btcforecast.bootstrap import open_identity

    return Service(settings, open_identity(settings, database), SystemClock(), hub=Hub())


async def _series(service: Service, venue: str | None, symbol: str | None) -> Series:
    from btcforecast.forecasts.series import choose_series

    main = await service.main_series()
    if main is not None and venue in (None, main.venue) and symbol in (None, main.symbol):
        return main
    return await choose_series(service.database, venue=venue, symbol=symbol, preferred=service.settings.series)


def _print_probability(found: Probability, *, json: bool) -> None:
    if json:
        print_json(found.model_dump(mode="json"))
        return
    _say(found.words, found.notes, served=found.model)
    error = f" ± {100 * found.standard_error:.1f}" if found.standard_error else ""
    out.print(f"{100 * found.probability:.1f}{error} %")


def _say(words: str, notes_: list[str], *, served: str) -> None:
    notes.print(f"{words} ({served})", soft_wrap=True)
    for note in notes_:
        notes.print(f"[dim]{note}[/]", soft_wrap=True)


def _money(value: float | None, decimals: int) -> str:
    return "no bound" if value is None else f"{value:,.{decimals}f}"
