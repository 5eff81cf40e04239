"""The vocabulary: values that check themselves at birth, and the error tree. Imports nothing but numpy."""

from btcforecast.core.calendar import NO_EVENTS, Calendar, ScheduledEvent
from btcforecast.core.candles import Candles, Floats, Ints
from btcforecast.core.clock import (
    Clock,
    ManualClock,
    SystemClock,
    from_rfc3339,
    to_rfc3339,
)
from btcforecast.core.distribution import LEVELS, Distribution
from btcforecast.core.forecast import Forecast, Origin, Score
from btcforecast.core.interval import BASE, HORIZONS, Horizon, Interval, parse_span
from btcforecast.core.series import SIMULATED_VENUE, Series
from btcforecast.core.words import counted, price_decimals, said_price

__all__ = [
    "BASE",
    "HORIZONS",
    "LEVELS",
    "NO_EVENTS",
    "SIMULATED_VENUE",
    "Calendar",
    "Candles",
    "Clock",
    "Distribution",
    "Floats",
    "Forecast",
    "Horizon",
    "Interval",
    "Ints",
    "ManualClock",
    "Origin",
    "ScheduledEvent",
    "Score",
    "Series",
    "SystemClock",
    "counted",
    "from_rfc3339",
    "parse_span",
    "price_decimals",
    "said_price",
    "to_rfc3339",
]
