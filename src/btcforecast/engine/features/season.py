"""The season from now on: what every candle ahead is expected to be, by week bin and scheduled event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import Calendar, Floats, Ints
from btcforecast.engine.features.events import EventEffect
from btcforecast.engine.features.week import BINS_PER_WEEK, week_bin, week_bins


class Season:
    """A week profile of mean 1 and the effect of scheduled events on top of it."""

    def __init__(self, profile: Floats, effect: EventEffect | None = None) -> None:
        self.profile, self.effect = profile, effect or EventEffect.none()
        self._sums = np.concatenate(([0.0], np.cumsum(np.concatenate((profile, profile)) ** 2)))
        self._extra = self._more_by_events()

    def schedule(self, calendar: Calendar) -> None:
        """Expect these events and no others."""
        self.effect = self.effect.told(calendar)
        self._extra = self._more_by_events()

    def usual(self, opened_at: Ints) -> Floats:
        """Return what each candle's part of the week is used to; events, which are news, left out."""
        if len(opened_at) == 1:
            bin_ = week_bin(int(opened_at[0]))
            return self.profile[bin_ : bin_ + 1]
        return np.asarray(self.profile[week_bins(opened_at)])

    def at(self, opened_at: Ints) -> Floats:
        """Return the expected absolute return of each candle, relative to the usual."""
        return self.usual(opened_at) * self.effect.at(opened_at)

    def ahead(self, as_of: int, n_steps: int) -> Floats:
        """Return the expected absolute return of the next candles, shape (n_steps,)."""
        return self.at(as_of + 300 * np.arange(n_steps))

    def squares_ahead(self, as_of: int, steps: Floats) -> Floats:
        """Return the sum of squared expectations over so many steps ahead, shape of `steps`.

        The starting bin decides; a change of the clocks within the horizon would move the rest by an hour on two days of the year.
        """
        start = week_bin(as_of)
        n = steps.astype(np.int64)
        whole_weeks, rest = n // BINS_PER_WEEK, n % BINS_PER_WEEK
        plain = whole_weeks * self._sums[BINS_PER_WEEK] + self._sums[start + rest] - self._sums[start]
        first, last = np.searchsorted(self.effect.opened_at, as_of), np.searchsorted(self.effect.opened_at, as_of + 300 * n)
        return np.asarray(plain + self._extra[last] - self._extra[first])

    def _more_by_events(self) -> Floats:
        """Return the running sum of what events add to the squares."""
        more = self.profile[week_bins(self.effect.opened_at)] ** 2 * (self.effect.factors**2 - 1)
        return np.concatenate(([0.0], np.cumsum(more)))

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return profile and event effect as named arrays."""
        return {"profile": self.profile, **self.effect.state()}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the season that `state` was taken from, without a calendar."""
        return cls(np.asarray(state["profile"], np.float64), EventEffect.from_state(state))
