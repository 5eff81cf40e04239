"""The drift report as it is shown."""

from __future__ import annotations

from btcforecast.api.answers import sources
from btcforecast.api.schemas.drift import CalibrationDrift, Drift, InputDrift
from btcforecast.api.service import Service
from btcforecast.core import Origin, Series


async def drift(service: Service, series: Series) -> Drift:
    """Return the report as the record stands."""
    report = await service.drift_reports.get(series, Origin.LIVE)
    found = report.to_json()
    return Drift(
        source=sources.of_candles(service, series, newest_opened_at=report.newest_opened_at),
        model=report.model,
        model_version=report.model_version,
        trained_until=found["trained_until"],
        until=found["until"],
        calibration=[CalibrationDrift.model_validate(figure) for figure in found["calibration"]],
        inputs=[InputDrift.model_validate(figure) for figure in found["inputs"]],
        words=report.words,
    )
