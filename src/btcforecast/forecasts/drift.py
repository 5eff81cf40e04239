"""The drift report: calibration, skill and inputs of the reigning champion, window by window, from live forecasts and stored candles."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from btcforecast.core import BASE, Candles, Clock, Horizon, Origin, Series, to_rfc3339
from btcforecast.engine.calibration.drift import Inputs, input_drift, pit_distance, usual_pit_distance
from btcforecast.forecasts.reigns import reigning_roles
from btcforecast.forecasts.roles import Roles
from btcforecast.forecasts.track_record import WINDOWS, CoverageFigure, SkillFigure, figures_of
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.forecasts import SettledColumns
from btcforecast.store.model_versions import ModelVersionRow, ModelVersionStore
from btcforecast.store.track_record import TrackRecordStore
from btcforecast.telemetry import metrics

SPANS: Final[Mapping[str, int]] = {name: span for name, span in WINDOWS.items() if span is not None}
_DAY_S: Final = 86400
_TRAINING_S: Final = 365 * _DAY_S
_FEWEST: Final = 20
"""With fewer independent outcomes nothing is said about the law that they fall into."""


@dataclass(frozen=True, slots=True)
class CalibrationDrift:
    """How the champion's laws have held at one horizon within one window."""

    window: str
    horizon: str
    n: int
    n_stretches: int
    coverage: tuple[CoverageFigure, ...]
    pit_distance: float | None
    pit_distance_usual: float | None
    skill: tuple[SkillFigure, ...]


@dataclass(frozen=True, slots=True)
class DriftReport:
    """The drift report. inputs: by window."""

    venue: str
    symbol: str
    simulated: bool
    model: str
    model_version: str | None
    trained_until: int | None
    until: int
    newest_opened_at: int | None
    calibration: tuple[CalibrationDrift, ...]
    inputs: Mapping[str, Inputs]

    @property
    def words(self) -> list[str]:
        """Return what stands out, as sentences."""
        said = [
            f"At {figure.horizon} over {figure.window} the outcomes lie {figure.pit_distance:.3f} from where the laws have them; "
            f"{figure.pit_distance_usual:.3f} is usual."
            for figure in self.calibration
            if figure.pit_distance is not None
            and figure.pit_distance_usual is not None
            and figure.n_stretches >= _FEWEST
            and figure.pit_distance > figure.pit_distance_usual
        ]
        for window, found in self.inputs.items():
            if found.psi is not None and found.level != "none":
                said.append(
                    f"Over {window} the sizes of returns have drifted from the training year's: {found.level} (PSI {found.psi:.2f})."
                )
            if found.volatility_percent is not None and not 50 <= found.volatility_percent <= 200:
                said.append(f"Over {window} volatility is {found.volatility_percent:.0f} % of the training year's.")
        return said

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return {
            "venue": self.venue,
            "symbol": self.symbol,
            "simulated": self.simulated,
            "model": self.model,
            "model_version": self.model_version,
            "trained_until": None if self.trained_until is None else to_rfc3339(self.trained_until),
            "until": to_rfc3339(self.until),
            "calibration": [asdict(figure) for figure in self.calibration],
            "inputs": [{"window": window, **asdict(found), "level": found.level} for window, found in self.inputs.items()],
            "words": self.words,
        }

    def show(self) -> None:
        """Set the gauges."""
        for figure in self.calibration:
            labels = (figure.horizon, figure.window)
            if figure.pit_distance is not None:
                metrics.drift_pit_distance.labels(*labels).set(figure.pit_distance)
            for coverage in figure.coverage:
                metrics.drift_coverage.labels(*labels, str(coverage.nominal_percent)).set(coverage.observed_percent)
            for skill in figure.skill:
                metrics.drift_skill.labels(*labels, skill.baseline).set(skill.value)
        for window, found in self.inputs.items():
            metrics.drift_missing.labels(window).set(found.missing_percent)
            if found.psi is not None:
                metrics.drift_inputs.labels(window).set(found.psi)
            if found.volatility_percent is not None:
                metrics.drift_volatility.labels(window).set(found.volatility_percent)


async def drift_report(
    database: Database, series: Series, /, *, origin: Origin = Origin.LIVE, clock: Clock, configured: Roles
) -> DriftReport:
    """Return the report of the reigning champion; every window ends now."""
    until = clock.now()
    async with database.read() as connection:
        model = (await reigning_roles(connection, series, configured)).champion
        settled = await TrackRecordStore(connection).settled(series, origin=origin)
        rows = await ModelVersionStore(connection).list_versions(series=series, model=model, limit=1)
        version = rows[0] if rows else None
        store = CandleStore(connection)
        oldest = min(until - max(SPANS.values()) - 2 * _DAY_S, until if version is None else version.trained_until - _TRAINING_S)
        candles = await store.read(series, opened_from=oldest, opened_before=until)
    return await asyncio.to_thread(_report, series, model, version, settled, candles, until=until)


def _report(
    series: Series, model: str, version: ModelVersionRow | None, settled: SettledColumns, candles: Candles, *, until: int
) -> DriftReport:
    return DriftReport(
        venue=series.venue,
        symbol=series.symbol,
        simulated=series.is_simulated,
        model=model,
        model_version=None if version is None else version.version,
        trained_until=None if version is None else version.trained_until,
        until=until,
        newest_opened_at=int(candles.opened_at[-1]) if len(candles) else None,
        calibration=_calibration(settled, model, until=until) if model in settled.models else (),
        inputs={} if version is None else _inputs(candles, version, until=until),
    )


def _calibration(settled: SettledColumns, model: str, *, until: int) -> tuple[CalibrationDrift, ...]:
    figures, _ = figures_of(settled, until=until, windows=SPANS, model=model)
    is_mine = settled.model == settled.models.index(model)
    found: list[CalibrationDrift] = []
    for figure in figures:
        horizon = Horizon.parse(figure.horizon)
        rows = is_mine & (settled.horizon_s == horizon.seconds) & (settled.target_at > until - SPANS[figure.window])
        n_stretches = len(np.unique(settled.as_of[rows] // horizon.seconds))
        found.append(
            CalibrationDrift(
                window=figure.window,
                horizon=figure.horizon,
                n=figure.n,
                n_stretches=n_stretches,
                coverage=figure.coverage,
                pit_distance=pit_distance(settled.pit[rows]),
                pit_distance_usual=usual_pit_distance(n_stretches),
                skill=figure.skill,
            )
        )
    return tuple(found)


def _inputs(candles: Candles, version: ModelVersionRow, *, until: int) -> dict[str, Inputs]:
    training = candles.up_to(version.trained_until).since(max(version.trained_from, version.trained_until - _TRAINING_S))
    end = BASE.floor(until)
    return {name: input_drift(training, candles, since=end - span, until=end) for name, span in SPANS.items()}
