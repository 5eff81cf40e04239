"""What every question needs: the forecast that is served, and how far it looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from btcforecast.api.answers import sources
from btcforecast.api.answers.served import served_forecast
from btcforecast.api.schemas.gate import Served
from btcforecast.api.schemas.shared import Source
from btcforecast.api.service import Service
from btcforecast.api.text import ParameterError
from btcforecast.core import Forecast, Series, to_rfc3339

INTERPOLATED_NOTE: Final = (
    "The instant lies between two published horizons; their quantiles are joined along the square root of time."
)
EXTENDED_NOTE: Final = "Simulated paths reach a day; beyond it they go on with the days of other paths, moved onto the published laws of later horizons."
_STALE_NOTE: Final = "The newest forecast is older than it should be."


@dataclass(frozen=True, slots=True)
class Subject:
    """The forecast that a question is put to and the span that it is about."""

    forecast: Forecast
    served: Served
    source: Source
    seconds: int

    @property
    def at(self) -> str:
        """Return the end of the span."""
        return to_rfc3339(self.forecast.as_of + self.seconds)

    @property
    def notes(self) -> list[str]:
        """Return what is to be kept in mind whatever is asked."""
        return [_STALE_NOTE] if self.source.stale else []

    @property
    def symbol(self) -> str:
        """Return how the price is called in a sentence."""
        series = self.forecast.series
        return f"simulated {series.symbol}" if series.is_simulated else series.symbol


async def subject(
    service: Service, series: Series, *, what: str, at: int | None, horizon_s: int | None, least_s: int = 1
) -> Subject:
    """Return what is asked about. Exactly one of `at` and `horizon_s` says for when; what: names the question in refusals.

    Raises NotFoundError or WithheldError where nothing is served, ParameterError where the instant cannot be answered.
    """
    if (at is None) == (horizon_s is None):
        raise ParameterError("at", "Say for when: either at, such as 2025-12-01T00:00:00Z, or horizon, such as 24h.")
    async with service.database.read() as connection:
        sealed, served = await served_forecast(connection, series)
    as_of, now = sealed.forecast.as_of, service.clock.now()
    name = "at" if at is not None else "horizon"
    seconds = horizon_s if horizon_s is not None else (at or 0) - as_of
    target = as_of + seconds
    if seconds <= 0 or target <= now:
        raise ParameterError(name, f"{_said(target)} has passed; ask about an instant after {_said(max(as_of, now))}.")
    reach = max(sealed.forecast.distributions).seconds
    if seconds > reach:
        message = f"{_said(target)} is beyond reach: {what} is answered up to {_said(as_of + reach)}, "
        raise ParameterError(name, f"{message}{reach // 3600} hours after the newest forecast.")
    if seconds < least_s:
        raise ParameterError(
            name, f"{what.capitalize()} needs at least five minutes: ask about {_said(as_of + least_s)} or later."
        )
    return Subject(sealed.forecast, served, sources.of_forecast(service, sealed, is_newest=True), seconds)


def said_share(share: float) -> str:
    """Return a probability for a sentence."""
    return "less than 0.1 %" if share < 0.001 else "more than 99.9 %" if share > 0.999 else f"{100 * share:.1f} %"


def _said(at: int) -> str:
    try:
        return to_rfc3339(at)
    except (ValueError, OverflowError):
        return "That instant"
