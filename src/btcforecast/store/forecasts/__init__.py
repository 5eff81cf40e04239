"""Cycles, forecasts, targets and paths: what issuing, settling, figures and the API read and write."""

from btcforecast.store.forecasts.entries import (
    forecast_body,
    missed_body,
    sealed_forecast,
    series_fields,
    settlement_body,
)
from btcforecast.store.forecasts.queries import ForecastQueries
from btcforecast.store.forecasts.records import (
    Cycle,
    CycleStatus,
    DueTarget,
    ForecastPage,
    Outcome,
    Result,
    Role,
    SealedForecast,
    SettledColumns,
    SimulatedPaths,
    Target,
)
from btcforecast.store.forecasts.writes import ForecastWrites


class ForecastStore(ForecastQueries, ForecastWrites):
    """Everything about forecasts on one connection; it never commits."""


__all__ = [
    "Cycle",
    "CycleStatus",
    "DueTarget",
    "ForecastPage",
    "ForecastStore",
    "Outcome",
    "Result",
    "Role",
    "SealedForecast",
    "SettledColumns",
    "SimulatedPaths",
    "Target",
    "forecast_body",
    "missed_body",
    "sealed_forecast",
    "series_fields",
    "settlement_body",
]
