"""A history in units of what each part of the week, and each scheduled event, is used to: the intraday season divided out.

Every candle is measured by the profile known when its block of weeks began, so nothing here looks ahead. Cutting the result at an
instant gives bit for bit what the history cut there gives (Andersen and Bollerslev 1997, doi:10.1016/S0927-5398(97)00004-2, on
intraday periodicity; the clock is New York's).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from btcforecast.core import NO_EVENTS, Calendar, Candles, Floats, Ints
from btcforecast.engine.features.events import EventEffect
from btcforecast.engine.features.ewma import Ewma
from btcforecast.engine.features.returns import step_returns
from btcforecast.engine.features.week import BINS_PER_WEEK, WeekTable, week_bins, week_numbers

PROFILE_EVERY_WEEKS: Final = 4
"""How often the profile is renewed along the history."""
_USUAL_HALF_LIFE: Final = float(BINS_PER_WEEK)
"""What the profile is relative to: the mean absolute return of about the past week."""
_LEAST: Final = 1e-9
"""What a market that stands still counts for, as a five-minute return."""
_KNOWN_SHARE: Final = 0.9
"""A mean over candles ahead needs so many of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Deseasonalised:
    """The candles of a history, each relative to what its part of the week is used to.

    size: |r| over the profile; span: ln(high / low) over it; signed: r over it; each shape (n,). Scheduled events are not divided out of them:
    after one, the shock itself is the best news about the hours to come. What follows an origin is measured with events divided out.
    relative: |r| over the usual of the week before, the input of the profile.
    """

    history: Candles
    effect: EventEffect
    size: Floats
    span: Floats
    signed: Floats
    relative: Floats
    _squares: Floats
    _sizes: Floats
    _known: Ints

    @classmethod
    def of(cls, history: Candles, *, calendar: Calendar = NO_EVENTS) -> Self:
        """Return the history with season and events divided out; how much events matter is learned from the whole of it."""
        returns = step_returns(history)
        usual = Ewma(_USUAL_HALF_LIFE).run(np.abs(returns))
        relative = np.abs(returns) / np.maximum(np.concatenate(([usual[0]], usual[:-1])), _LEAST)
        effect = EventEffect.none()
        if len(calendar):
            plain = relative / _activity(history, relative)[_places(history)]
            effect = EventEffect.fit(calendar, history.opened_at, plain)
            relative = relative / effect.at(history.opened_at)
        return cls._assembled(history, effect, returns, relative)

    @classmethod
    def _assembled(cls, history: Candles, effect: EventEffect, returns: Floats, relative: Floats) -> Self:
        activity = _activity(history, relative)
        places = _places(history)
        here = activity[places]
        size = np.abs(returns) / here
        on_grid, known = np.zeros(len(activity)), np.zeros(len(activity), np.int64)
        on_grid[places], known[places] = size / effect.at(history.opened_at), 1
        activity *= effect.at(int(history.opened_at[0]) + 300 * np.arange(len(activity)))
        return cls(
            history,
            effect,
            size,
            np.log(history.high / history.low) / here,
            returns / here,
            relative,
            np.concatenate(([0.0], np.cumsum(activity**2))),
            np.concatenate(([0.0], np.cumsum(on_grid))),
            np.concatenate(([0], np.cumsum(known))),
        )

    def up_to(self, as_of: int) -> Self:
        """Return the part that had closed by `as_of`, without knowledge of the rest as far as no event effect was learned from it."""
        history = self.history.up_to(as_of)
        n, n_grid = len(history), int(_places(history)[-1]) + 1
        return type(self)(
            history,
            self.effect,
            self.size[:n],
            self.span[:n],
            self.signed[:n],
            self.relative[:n],
            self._squares[: n_grid + 1],
            self._sizes[: n_grid + 1],
            self._known[: n_grid + 1],
        )

    def profile(self) -> Floats:
        """Return the week profile as known at the end, shape (2016,), mean 1."""
        table = WeekTable(self.history.opened_at, self.relative)
        return table.profile(table.n_weeks)

    def mean_size_ahead(self, rows: Ints, begin: int, end: int) -> Floats:
        """Return the mean `size`, events divided out, of the candles begin + 1 to end after each row; NaN where too many are missing."""
        first = _places(self.history)[rows] + 1 + begin
        last = first + end - begin
        is_past = last < len(self._sizes)
        first, last = np.minimum(first, len(self._sizes) - 1), np.minimum(last, len(self._sizes) - 1)
        n_known = self._known[last] - self._known[first]
        mean = (self._sizes[last] - self._sizes[first]) / np.maximum(n_known, 1)
        return np.asarray(np.where(is_past & (n_known >= _KNOWN_SHARE * (end - begin)), mean, np.nan))

    def squares_ahead(self, rows: Ints, n_steps: int) -> Floats:
        """Return the sum of squared expectations, events included, over the candles after each row; cut at the end of the history."""
        first = _places(self.history)[rows] + 1
        return np.asarray(self._squares[np.minimum(first + n_steps, len(self._squares) - 1)] - self._squares[first])


def _places(history: Candles) -> Ints:
    """Return how many five-minute steps after the first candle each one opens."""
    return np.asarray((history.opened_at - history.opened_at[0]) // 300)


def _activity(history: Candles, relative: Floats) -> Floats:
    """Return the profile known at every five minutes from the first candle to the last."""
    table = WeekTable(history.opened_at, relative)
    known = [table.profile(n_weeks) for n_weeks in range(PROFILE_EVERY_WEEKS, table.n_weeks, PROFILE_EVERY_WEEKS)]
    profiles = np.vstack([np.ones(BINS_PER_WEEK), *known])
    opened_at = np.arange(int(history.opened_at[0]), history.as_of, 300)
    block = (week_numbers(opened_at) - table.first_week) // PROFILE_EVERY_WEEKS
    return np.asarray(profiles[block, week_bins(opened_at)])
