"""`backtest`: walk-forward over a candle file."""

from __future__ import annotations

import hashlib
import json as json_text
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from btcforecast.cli.context import notes, out, print_json, progress
from btcforecast.core import HORIZONS, NO_EVENTS, Calendar, Candles, Horizon, SystemClock, from_rfc3339, parse_span
from btcforecast.core.errors import InputError

if TYPE_CHECKING:
    from btcforecast.cli.backtest.folder import Folder
    from btcforecast.engine.backtest import Plan
    from btcforecast.engine.models.contract import Model
    from btcforecast.market.files import Rejected

_MODELS: Final = ("multiscale", "log_har", "day_paths", "garch", "ewma", "random_walk")
_BASELINES: Final = ("random_walk", "ewma", "garch")
_N_PATHS: Final = 1000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("backtest")(backtest)


def backtest(
    *,
    candles: Annotated[Path, typer.Option(help="Parquet or CSV file of five-minute candles.")],
    since: Annotated[str, typer.Option("--from", help="First instant to forecast at, such as 2025-01-01.")],
    until: Annotated[str, typer.Option("--to", help="Forecasts are made before this instant.")],
    every: Annotated[str, typer.Option(help="Time between forecasts, such as 1h.")] = "1h",
    models: Annotated[
        str | None, typer.Option(help="Names, or package.module:Class, with commas; otherwise every built-in model.")
    ] = None,
    model: Annotated[list[str] | None, typer.Option(help="One more model, by name or package.module:Class; repeatable.")] = None,
    horizons: Annotated[str, typer.Option(help="Spans with commas.")] = ",".join(map(str, HORIZONS)),
    baselines: Annotated[str | None, typer.Option(help="Models to compare with; otherwise random_walk, ewma and garch.")] = None,
    paths: Annotated[bool, typer.Option("--paths", help="Simulate and score price paths over 24 h, too.")] = False,
    n_paths: Annotated[int, typer.Option(help="How many paths at each instant.")] = _N_PATHS,
    seed: Annotated[int, typer.Option(help="Decides the paths.")] = 0,
    refit_every: Annotated[str, typer.Option(help="Time between refits.")] = "30d",
    train_from: Annotated[str | None, typer.Option(help="Train on nothing older than this.")] = None,
    train_until: Annotated[str | None, typer.Option(help="Train once, on nothing newer than this, and never refit.")] = None,
    calendar: Annotated[
        Path | None, typer.Option(help="CSV file of scheduled events; models are told those announced by then.")
    ] = None,
    export: Annotated[Path | None, typer.Option(help="Write every forecast and outcome into this folder, as Parquet.")] = None,
    keep_paths: Annotated[
        bool, typer.Option("--keep-paths/--drop-paths", help="Whether the paths themselves are exported, beside their scores.")
    ] = True,
    report: Annotated[Path | None, typer.Option(help="Write the report into this file: .html or .md.")] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Discard what an earlier run left, instead of going on from it.")
    ] = False,
    jobs: Annotated[int, typer.Option(help="Processes to work with; 0 means one for each core.", min=0)] = 1,
    cluster: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, such as tcp://host:8786; its workers do the work.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the leaderboard as JSON.")] = False,
) -> None:
    """Walk models forward through history, score every forecast and print a leaderboard.

    A run that was stopped goes on where it was when the same command is given again.

    Example: [bold]btcforecast backtest --candles btc_5m.parquet --from 2025-01-01 --to 2026-01-01 --every 2h --export out[/]
    """
    from btcforecast.cli.backtest.board import rank
    from btcforecast.cli.backtest.files import json_bytes, keep_outcomes
    from btcforecast.cli.backtest.report import render, report_format
    from btcforecast.cli.backtest.table import print_leaderboard
    from btcforecast.cli.backtest.work import describe
    from btcforecast.engine.backtest import Plan
    from btcforecast.engine.models.catalogue import load_model

    plan = Plan(
        first_at=from_rfc3339(since),
        end_at=from_rfc3339(until),
        every_s=parse_span(every),
        models=_chosen_models(models, model),
        horizons=tuple(sorted({Horizon.parse(text) for text in _listed(horizons)})),
        refit_every_s=parse_span(refit_every),
        train_from=None if train_from is None else from_rfc3339(train_from),
        train_until=None if train_until is None else from_rfc3339(train_until),
        n_paths=n_paths if paths else 0,
        seed=seed,
        calendar=_read_calendar(calendar),
    )
    chosen = _choose_baselines(baselines, plan.models)
    if report is not None:
        report_format(report)
    classes = {name: load_model(name) for name in plan.models}
    market = _read(candles)
    plan.check(market, classes)
    warnings = _warn(plan, market, classes)
    run = describe(plan, market)
    folder = _folder(export, run)
    with_paths = export is not None and paths and keep_paths
    if with_paths:
        _check_space(folder, plan, market)
    n_done = folder.open(run, restart=restart)
    pieces = list(plan.pieces())
    if n_done:
        notes.print(f"Going on: {n_done:,} of {len(pieces):,} pieces are done. (--restart would begin anew.)")
    present = plan.present(market)
    if len(present) < len(plan.origins):
        notes.print(f"Skipped: {len(plan.origins) - len(present):,} instants whose own candle is missing.")
    keep_outcomes(plan, market, folder.keep)
    _work(plan, market, folder, with_paths=with_paths, jobs=jobs or os.cpu_count() or 1, cluster=cluster)
    board = rank(plan, market, folder, baselines=chosen)
    if export is not None:
        folder.keep("leaderboard.json", json_bytes(board.to_json()))
    if export is not None or report is not None:
        texts = render(plan, market, folder, board, baselines=chosen, run=run, command=sys.argv[1:], warnings=warnings)
        _keep_report(texts, folder=None if export is None else folder, file=report)
    if export is None:
        shutil.rmtree(folder.root)
    if json:
        print_json(board.to_json())
    else:
        print_leaderboard(board, baselines=chosen, out=out)


def _warn(plan: Plan, market: Candles, classes: dict[str, type[Model]]) -> list[str]:
    """Say, and return, which models are given less history than they should have at their first fit."""
    from btcforecast.forecasts.card import warnings_of

    first = plan.history(market, next(plan.pieces()).fit_until)
    found = [warning for model_class in dict.fromkeys(classes.values()) for warning in warnings_of(model_class, first)]
    for warning in found:
        notes.print(warning)
    return found


def _work(plan: Plan, market: Candles, folder: Folder, *, with_paths: bool, jobs: int, cluster: str | None) -> None:
    from btcforecast.cli.backtest.work import run_pieces

    present = plan.present(market)
    with progress() as bar:
        task = bar.add_task("Forecasting", total=len(present) * len(plan.models))
        for piece in filter(folder.is_done, plan.pieces()):
            bar.advance(task, int(((present >= piece.first_at) & (present < piece.end_at)).sum()))
        if cluster is None:
            run_pieces(plan, market, folder, with_paths=with_paths, jobs=jobs, on_progress=lambda n: bar.advance(task, n))
        else:
            from btcforecast.cli.backtest.cluster import run_on_cluster

            run_on_cluster(cluster, plan, market, folder, with_paths=with_paths, on_progress=lambda n: bar.advance(task, n))


def _chosen_models(models: str | None, more: list[str] | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*_listed(models or ""), *(more or ())))) or _MODELS


def _keep_report(texts: dict[str, str], *, folder: Folder | None, file: Path | None) -> None:
    if folder is not None:
        for suffix, text in texts.items():
            folder.keep(f"report{suffix}", text.encode())
        notes.print(f"Written to {folder.root}; docs/backtest.md says what is where.")
    if file is not None:
        file.write_text(texts[file.suffix])
        notes.print(f"The report is in {file}.")


def _choose_baselines(baselines: str | None, models: tuple[str, ...]) -> tuple[str, ...]:
    if baselines is None:
        return tuple(name for name in _BASELINES if name in models)
    chosen = _listed(baselines)
    strangers = [name for name in chosen if name not in models]
    if strangers:
        raise InputError(f"A baseline must be among --models; {', '.join(strangers)} is not.")
    return chosen


def _folder(export: Path | None, run: dict[str, object]) -> Folder:
    from btcforecast.cli.backtest.folder import Folder

    if export is not None:
        return Folder(export)
    # Without an export the scores alone are kept, until the run is finished, so that it, too, can go on.
    name = hashlib.sha256(json_text.dumps(run, sort_keys=True).encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Folder(cache / "btcforecast" / "backtests" / name)


def _check_space(folder: Folder, plan: Plan, market: Candles) -> None:
    from btcforecast.cli.backtest.files import path_bytes

    needed = path_bytes(plan, market)
    parent = next(parent for parent in (folder.root, *folder.root.absolute().parents) if parent.exists())
    free = shutil.disk_usage(parent).free
    if needed > free:
        raise InputError(
            f"The paths would take about {needed / 1e9:.1f} GB and {parent} has {free / 1e9:.1f} GB free. "
            "Forecast less often (--every), simulate fewer (--n-paths), or export their scores alone (--drop-paths)."
        )
    if needed > 1e9:
        notes.print(f"The exported paths will take about {needed / 1e9:.1f} GB.")


def _read(path: Path) -> Candles:
    from btcforecast.market.files import read_candles

    def tell(rejected: list[Rejected]) -> None:
        notes.print(f"Left out {len(rejected):,} rows of {path}; the first, at line {rejected[0].line}: {rejected[0].reason}")

    return read_candles(path, on_rejected=tell)


def _read_calendar(path: Path | None) -> Calendar:
    if path is None:
        return NO_EVENTS
    from btcforecast.market.files.calendar import read_calendar

    return read_calendar(path, now=SystemClock().now())


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
