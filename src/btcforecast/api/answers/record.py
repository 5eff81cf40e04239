"""The track record and calibration as they are shown."""

from __future__ import annotations

from dataclasses import asdict
from itertools import accumulate

from btcforecast.api.answers import sources
from btcforecast.api.schemas.record import (
    Calibration,
    CoverageFigure,
    Figures,
    HorizonName,
    PitBin,
    ReliabilityPoint,
    TrackRecord,
    WeekOfCoverage,
    Window,
)
from btcforecast.api.schemas.shared import Source
from btcforecast.api.service import Service
from btcforecast.core import Origin, Series, from_rfc3339
from btcforecast.core.errors import NotFoundError
from btcforecast.forecasts.track_record import PIT_BINS
from btcforecast.forecasts.track_record import TrackRecord as Computed


async def track_record(
    service: Service, series: Series, *, origin: Origin, window: Window | None, model: str | None
) -> TrackRecord:
    """Return the record, of all models and windows or of one."""
    record = await service.records.get(series, origin)
    await _check_model(service, record, model)
    return TrackRecord(
        source=_source(service, series, origin, record),
        until=record.until,
        first_as_of=record.first_as_of,
        last_as_of=record.last_as_of,
        n_cycles_issued=record.n_cycles_issued,
        n_cycles_missed=record.n_cycles_missed,
        n_settled=record.n_settled,
        figures=[
            Figures.model_validate(asdict(figures))
            for figures in record.figures
            if model in (None, figures.model) and (window is None or figures.window == window)
        ],
    )


async def calibration(
    service: Service, series: Series, *, origin: Origin, window: Window, horizon: HorizonName, model: str | None
) -> Calibration:
    """Return PIT histogram, reliability and coverage of one model, the champion where none is named."""
    record = await service.records.get(series, origin)
    await _check_model(service, record, model)
    chosen = next(
        (
            figures
            for figures in record.figures
            if figures.horizon == horizon
            and figures.window == window
            and (figures.model == model if model is not None else figures.role == "champion")
        ),
        None,
    )
    counts = chosen.pit_counts if chosen is not None else (0,) * PIT_BINS
    n = sum(counts)
    return Calibration(
        source=_source(service, series, origin, record),
        model=chosen.model if chosen is not None else model,
        horizon=horizon,
        window=window,
        n=n,
        pit=[PitBin(low=i / PIT_BINS, high=(i + 1) / PIT_BINS, count=count) for i, count in enumerate(counts)],
        expected_per_bin=n / PIT_BINS,
        reliability=[
            ReliabilityPoint(level=(i + 1) / PIT_BINS, observed=below / n)
            for i, below in enumerate(accumulate(counts))
            if n and i + 1 < PIT_BINS
        ],
        coverage=[CoverageFigure.model_validate(asdict(figure)) for figure in chosen.coverage] if chosen is not None else [],
        coverage_by_week=[
            WeekOfCoverage(week_from=week.week_from, n=week.n, observed_percent=week.observed_percent)
            for week in record.coverage_by_week
            if chosen is not None and week.model == chosen.model and week.horizon == horizon
        ],
    )


def _source(service: Service, series: Series, origin: Origin, record: Computed) -> Source:
    as_of = None if record.last_as_of is None else from_rfc3339(record.last_as_of)
    return sources.source(service, series, as_of=as_of, is_stale=False, origin=origin)


async def _check_model(service: Service, record: Computed, model: str | None) -> None:
    # A model of this service whose forecasts are not settled yet has an empty record, not none.
    known = sorted({figures.model for figures in record.figures} | set((await service.roles()).models))
    if model is not None and model not in known:
        raise NotFoundError(f"The record has no model “{model}”; it has {', '.join(known)}.")
