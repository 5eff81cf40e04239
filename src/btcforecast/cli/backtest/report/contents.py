"""What a report says, gathered from a finished backtest before anything is laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from btcforecast.cli.backtest.board import Leaderboard, path_totals, scores_of
from btcforecast.cli.backtest.folder import Folder
from btcforecast.core import Candles, Floats, Horizon, Ints
from btcforecast.engine.backtest import (
    PATH_LEADS,
    Place,
    Plan,
    Ratio,
    confidence_set,
    daily_means,
    log_returns,
    monthly_means,
    ratio,
    realised_variances,
    terciles,
    variance_losses,
)
from btcforecast.engine.scoring import COVERAGES, Scores

N_BINS: Final = 20
_DAY: Final = Horizon(86400)
_N_WORST: Final = 5


@dataclass(frozen=True, slots=True)
class Worst:
    """A day on which forecasts fared badly. scores: each model's mean; largest_return: of its outcomes, as a fraction."""

    day: str
    scores: Mapping[str, float]
    largest_return: float


@dataclass(frozen=True, slots=True)
class Section:
    """Everything about one horizon, or about paths. Mappings are by model.

    confidence: p-values of the model confidence set. by_tercile: percent held by the 90 % interval and number of forecasts, calm, middle, lively.
    pit: counts in 20 bins. skill: 1 − mean score ÷ the reference's by month. lead_coverage: of paths, by minutes and percent.
    """

    title: str
    unit: str
    places: tuple[Place, ...]
    confidence: Mapping[str, float]
    by_tercile: Mapping[str, tuple[tuple[float, int], ...]]
    pit: Mapping[str, tuple[int, ...]]
    skill: Mapping[str, Mapping[str, float]]
    worst: tuple[Worst, ...]
    lead_coverage: Mapping[str, Mapping[int, Mapping[int, float]]]


@dataclass(frozen=True, slots=True)
class VarianceRow:
    """How a model's variance forecasts of the day ahead fared."""

    model: str
    n: int
    qlike: float
    ratios: Mapping[str, Ratio]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report. reference: the baseline that skill is measured against, if there is one."""

    subject: str
    reference: str | None
    baselines: tuple[str, ...]
    models: tuple[str, ...]
    sections: tuple[Section, ...]
    variances: tuple[VarianceRow, ...]
    n_origins: int
    n_skipped: int
    seconds: Mapping[str, float]
    run: Mapping[str, Any]
    command: str
    warnings: tuple[str, ...]


def gather(
    plan: Plan,
    candles: Candles,
    folder: Folder,
    board: Leaderboard,
    *,
    baselines: tuple[str, ...],
    run: Mapping[str, Any],
    command: Sequence[str],
    warnings: Sequence[str],
) -> Report:
    """Return what the report of a finished backtest says."""
    import shlex

    origins = plan.present(candles)
    reference = next((name for name in reversed(baselines) if name in plan.models), None)
    third = terciles(candles, origins)
    columns = {model: scores_of(plan, folder, model) for model in plan.models}
    returns = log_returns(candles, origins, plan.horizons)
    sections = [
        _laws(
            plan,
            horizon,
            board.laws[horizon],
            {model: columns[model][horizon] for model in plan.models},
            reference=reference,
            origins=origins,
            third=third,
            returns=returns[:, j],
        )
        for j, horizon in enumerate(plan.horizons)
    ]
    if board.paths:
        sections.append(_paths(plan, folder, board.paths, reference=reference, origins=origins, candles=candles))
    return Report(
        subject=plan.models[0],
        reference=reference,
        baselines=baselines,
        models=plan.models,
        sections=tuple(sections),
        variances=_variances(plan, folder, candles, baselines=baselines, origins=origins),
        n_origins=board.n_origins,
        n_skipped=board.n_skipped,
        seconds=board.seconds,
        run=run,
        command=shlex.join(("btcforecast", *command)),
        warnings=tuple(warnings),
    )


def _laws(
    plan: Plan,
    horizon: Horizon,
    places: tuple[Place, ...],
    scores: Mapping[str, Scores],
    *,
    reference: str | None,
    origins: Ints,
    third: Floats,
    returns: Floats,
) -> Section:
    crps = {model: column.crps_bps for model, column in scores.items()}
    common = _common(crps)
    return Section(
        title=f"{horizon} ahead",
        unit="CRPS, bps",
        places=places,
        confidence=_confidence(crps, common, plan, horizon.seconds),
        by_tercile={
            model: tuple(_share(column.covered[90][common & (third == which)]) for which in range(3))
            for model, column in scores.items()
        },
        pit={
            model: tuple(np.histogram(column.pit[common], bins=N_BINS, range=(0, 1))[0].tolist())
            for model, column in scores.items()
        },
        skill=_skill(crps, common, origins, reference),
        worst=_worst(crps, common, origins, returns, subject=plan.models[0]),
        lead_coverage={},
    )


def _paths(
    plan: Plan, folder: Folder, places: tuple[Place, ...], *, reference: str | None, origins: Ints, candles: Candles
) -> Section:
    totals = {model: path_totals(plan, folder, model) for model in plan.models}
    common = _common(totals)
    pits = [f"pit_{lead * 5}m" for lead in PATH_LEADS]
    coverage = {}
    for model in plan.models:
        frame = folder.read("path_scores", (piece for piece in plan.pieces() if piece.model == model), pits)
        coverage[model] = {
            lead * 5: {percent: _held(frame[name], percent) for percent in COVERAGES}
            for name, lead in zip(pits, PATH_LEADS, strict=True)
        }
    returns = log_returns(candles, origins, (_DAY,))[:, 0]
    return Section(
        title="Paths over 24h",
        unit="Synth score, bps",
        places=places,
        confidence=_confidence(totals, common, plan, _DAY.seconds),
        by_tercile={},
        pit={},
        skill=_skill(totals, common, origins, reference),
        worst=_worst(totals, common, origins, returns, subject=plan.models[0]),
        lead_coverage=coverage,
    )


def _variances(
    plan: Plan, folder: Folder, candles: Candles, *, baselines: tuple[str, ...], origins: Ints
) -> tuple[VarianceRow, ...]:
    if _DAY not in plan.horizons:
        return ()
    realised = realised_variances(candles, origins, (_DAY,))[:, 0]
    losses = {}
    for model in plan.models:
        pieces = (piece for piece in plan.pieces() if piece.model == model)
        frame = folder.read("forecasts", pieces, ("horizon_s", "variance")).filter(pl.col("horizon_s") == _DAY.seconds)
        losses[model] = variance_losses(origins, frame["variance"].to_numpy(), realised, horizon_s=_DAY.seconds)
    common = _common(losses)
    if not common.any():
        return ()
    rows = [
        VarianceRow(
            model,
            int(common.sum()),
            float(column[common].mean()),
            {
                name: ratio(column[common], losses[name][common], every_s=plan.every_s, horizon_s=_DAY.seconds)
                for name in baselines
                if name != model
            },
        )
        for model, column in losses.items()
    ]
    return tuple(sorted(rows, key=lambda row: row.qlike))


def _confidence(scores: Mapping[str, Floats], common: np.ndarray, plan: Plan, horizon_s: int) -> dict[str, float]:
    return confidence_set({model: column[common] for model, column in scores.items()}, every_s=plan.every_s, horizon_s=horizon_s)


def _skill(scores: Mapping[str, Floats], common: np.ndarray, origins: Ints, reference: str | None) -> dict[str, dict[str, float]]:
    if reference is None:
        return {}
    months = {model: monthly_means(origins[common], column[common]) for model, column in scores.items()}
    return {
        model: {month: 1 - mean / months[reference][month][0] for month, (mean, _) in found.items()}
        for model, found in months.items()
        if model != reference
    }


def _worst(
    scores: Mapping[str, Floats], common: np.ndarray, origins: Ints, returns: Floats, *, subject: str
) -> tuple[Worst, ...]:
    days = {model: daily_means(origins[common], column[common]) for model, column in scores.items()}
    largest: dict[str, float] = {}
    for day, value in zip(
        origins[common].astype("datetime64[s]").astype("datetime64[D]").astype(str), returns[common], strict=True
    ):
        if abs(value) >= abs(largest.get(day, 0.0)):
            largest[day] = float(value)
    worst = sorted(days[subject], key=lambda day: -days[subject][day][0])[:_N_WORST]
    return tuple(Worst(day, {model: found[day][0] for model, found in days.items()}, largest[day]) for day in worst)


def _common(scores: Mapping[str, Floats]) -> np.ndarray:
    return np.asarray(np.all(np.isfinite(np.vstack(list(scores.values()))), axis=0))


def _share(held: Floats) -> tuple[float, int]:
    return (100 * float(held.mean()) if len(held) else float("nan"), len(held))


def _held(pits: pl.Series, percent: int) -> float:
    found = pits.drop_nulls().to_numpy()
    return 100 * float((np.abs(found - 0.5) <= percent / 200).mean()) if len(found) else float("nan")
