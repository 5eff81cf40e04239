"""How much livelier the market is after each kind of scheduled event, learned from the events of the past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import Calendar, Floats, Ints
from btcforecast.engine.features.ewma import Ewma

N_LAGS: Final = 24
"""For how many candles after an event its effect is learned: two hours."""
_HALF_LIFE: Final = 144.0
"""What an event's candles are compared with: the half-day mean just before it."""
_PRIOR_EVENTS: Final = 3.0
"""So many events without any effect are believed in beforehand, so that a kind seen once or twice changes little."""
_MEMORY_S: Final = 2 * 365.25 * 86400
"""An event of two years ago counts half: before 2021 the market did not react to inflation figures at all."""
_CAP: Final = 40.0
_LEAST: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class EventEffect:
    """Multipliers of the expected absolute return by kind of event and candle since, and the calendar that they apply to.

    kinds: alphabetical; multipliers: shape (n_kinds, 24). opened_at, factors: the candles that events touch, in order.
    """

    kinds: tuple[str, ...]
    multipliers: Floats
    opened_at: Ints
    factors: Floats

    @classmethod
    def none(cls) -> Self:
        """Return the effect of no events."""
        return cls((), np.empty((0, N_LAGS)), np.empty(0, np.int64), np.empty(0))

    @classmethod
    def fit(cls, calendar: Calendar, opened_at: Ints, size: Floats) -> Self:
        """Return the effect learned from the events of a history.

        opened_at: of its candles, in order; size: absolute returns over their expectation without events, shape (n,).
        """
        before = Ewma(_HALF_LIFE).run(size)
        kinds = calendar.kinds
        multipliers = np.ones((len(kinds), N_LAGS))
        for i, kind in enumerate(kinds):
            at = np.array([event.at for event in calendar.events if event.kind == kind], np.int64)
            rows = np.searchsorted(opened_at, at - at % 300)
            # Only events whose two hours are all there teach anything.
            whole = (rows > 0) & (rows + N_LAGS <= len(opened_at))
            rows, at = rows[whole], at[whole]
            rows = rows[(opened_at[rows] == at - at % 300) & (opened_at[rows + N_LAGS - 1] == at - at % 300 + 300 * (N_LAGS - 1))]
            if len(rows):
                relative = np.minimum(
                    size[rows[:, None] + np.arange(N_LAGS)] / np.maximum(before[rows - 1], _LEAST)[:, None], _CAP
                )
                weights = 0.5 ** ((opened_at[-1] - opened_at[rows]) / _MEMORY_S)
                multipliers[i] = (weights @ relative + _PRIOR_EVENTS) / (weights.sum() + _PRIOR_EVENTS)
        return cls(kinds, multipliers, np.empty(0, np.int64), np.empty(0)).told(calendar)

    def told(self, calendar: Calendar) -> Self:
        """Return the same effect for another calendar; kinds that nothing was learned about have none."""
        known = {kind: i for i, kind in enumerate(self.kinds)}
        events = [event for event in calendar.events if event.kind in known]
        if not events:
            return type(self)(self.kinds, self.multipliers, np.empty(0, np.int64), np.empty(0))
        at = np.array([event.at - event.at % 300 for event in events], np.int64)
        touched = (at[:, None] + 300 * np.arange(N_LAGS)).ravel()
        factors = self.multipliers[[known[event.kind] for event in events]].ravel()
        opened_at, where = np.unique(touched, return_inverse=True)
        # Of two events at once, or within two hours, the stronger counts.
        strongest = np.ones(len(opened_at))
        np.maximum.at(strongest, where, factors)
        return type(self)(self.kinds, self.multipliers, opened_at, strongest)

    def at(self, opened_at: Ints) -> Floats:
        """Return the factor of each candle, 1 where no event touches it."""
        if not len(self.opened_at):
            return np.ones(len(opened_at))
        found = np.minimum(np.searchsorted(self.opened_at, opened_at), len(self.opened_at) - 1)
        return np.asarray(np.where(self.opened_at[found] == opened_at, self.factors[found], 1.0))

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return what was learned as named arrays; the calendar is told anew."""
        return {"event_kinds": np.array(self.kinds, np.str_), "event_multipliers": self.multipliers}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the effect that `state` was taken from, without a calendar."""
        kinds = tuple(str(kind) for kind in state["event_kinds"])
        multipliers = np.asarray(state["event_multipliers"], np.float64)
        return cls(kinds, multipliers, np.empty(0, np.int64), np.empty(0))
