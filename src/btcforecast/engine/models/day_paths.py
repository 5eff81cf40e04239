"""The first champion: EWMA × week profile × library of day paths, with no regression in it.

Volatility is an exponentially weighted mean of absolute returns relative to what their part of the week is used to; ahead, it follows the
week's profile. Laws around that scale are Student t; paths are real days, scaled. `docs/methodology.md` tells the whole recipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import Candles, Floats, Ints
from btcforecast.engine.features.ewma import Ewma
from btcforecast.engine.features.returns import hourly_rows, step_returns
from btcforecast.engine.features.week import BINS_PER_WEEK, WeekTable, week_bin, week_bins, week_numbers
from btcforecast.engine.models.contract import N_STEPS, State
from btcforecast.engine.models.laws import GRID_STEPS, YEAR_S, Laws, fit_laws, origins
from btcforecast.engine.models.library import Library, build_library, draw, on_grid
from btcforecast.engine.models.scaled import ScaledModel

_HALF_LIFE: Final = 144.0
"""Half a day of candles."""
_USUAL_HALF_LIFE: Final = float(BINS_PER_WEEK)
"""What the profile is relative to: the mean absolute return of about the past week."""
_PROFILE_EVERY_WEEKS: Final = 4
"""How often the profile is renewed in the walk over history that the laws and the library are fitted on."""
_WARM_UP_DAYS: Final = 28
_LAW_HALF_LIFE_YEARS: Final = 0.25
"""The middle of the law around the scale drifts over months; a longer memory leaves the 50 % interval too narrow (decision 12)."""
_FLOOR: Final = 1e-7
"""The scale of a market that stands still for days, as a five-minute return."""


class DayPaths(ScaledModel):
    """EWMA of absolute returns over the week's profile, t laws, and paths from a library of real days."""

    name: ClassVar[str] = "day_paths"
    min_candles: ClassVar[int] = 180 * 288

    def __init__(self, laws: Laws, profile: Floats, library: Library, scale: Ewma) -> None:
        self.laws, self.profile, self.library, self.scale = laws, profile, library, scale
        self._squares = _Squares(profile[None, :])

    @classmethod
    def _fit(cls, history: Candles) -> Self:
        size = np.abs(step_returns(history))
        usual = Ewma(_USUAL_HALF_LIFE).run(size)
        relative = size / np.maximum(np.concatenate(([usual[0]], usual[:-1])), _FLOOR)
        table = WeekTable(history.opened_at, relative)
        walk = _Walk(history, size, table)
        rows = origins(history, skip_days=_WARM_UP_DAYS)
        laws = fit_laws(history, rows, walk.scales(rows), is_shrunk=True, half_life_years=_LAW_HALF_LIFE_YEARS)
        profile = table.profile(table.n_weeks)
        # The running mean goes on under the newest profile, so its memory is made under that profile, too.
        recent = history.opened_at >= history.as_of - 30 * 86400
        scale = Ewma(_HALF_LIFE)
        scale.update(size[recent] / profile[week_bins(history.opened_at[recent])])
        return cls(laws, profile, build_library(walk.days()), scale)

    def _observe(self, candles: Candles) -> None:
        self.scale.update(np.abs(self._returns(candles)) / self.profile[week_bins(candles.opened_at)])

    def _next_bin(self) -> int:
        return week_bin(self.as_of)

    def _scales(self) -> Floats:
        ahead = self._squares.ahead(np.array([0]), np.array([self._next_bin()]))[0]
        return np.asarray(max(self.scale.value, _FLOOR) * np.sqrt(ahead))

    def _profile_ahead(self) -> Floats:
        return np.asarray(self.profile[(self._next_bin() + np.arange(N_STEPS)) % BINS_PER_WEEK])

    def _simulate(self, steps: Floats, rng: np.random.Generator) -> None:
        draw(self.library, steps, rng, scales=max(self.scale.value, _FLOOR) * self._profile_ahead())

    def _clock(self) -> Floats:
        return np.concatenate(([0.0], np.cumsum(self._profile_ahead() ** 2)))

    def _state(self) -> State:
        return {
            **self.laws.state(),
            "profile": self.profile,
            "library": self.library,
            "scale_raw": np.array(self.scale.raw),
            "scale_n": np.array(self.scale.n),
        }

    @classmethod
    def _from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        scale = Ewma(_HALF_LIFE, float(np.asarray(state["scale_raw"], np.float64)), int(np.asarray(state["scale_n"], np.int64)))
        profile, library = np.asarray(state["profile"], np.float64), np.asarray(state["library"], np.float32)
        return cls(Laws.from_state(state), profile, library, scale)


class _Squares:
    """Sums of squared profiles over the candles ahead, by profile and starting bin.

    The starting bin decides; a change of the clocks within the horizon would move the rest by an hour on two days of the year.
    """

    def __init__(self, profiles: Floats) -> None:
        twice = np.concatenate((profiles, profiles), axis=1) ** 2
        self._sums = np.concatenate((np.zeros((len(profiles), 1)), np.cumsum(twice, axis=1)), axis=1)

    def ahead(self, profile: Ints, next_bin: Ints) -> Floats:
        """Return the sum to each horizon of the laws' grid, shape (n, 9)."""
        steps = GRID_STEPS.astype(np.int64)[None, :]
        whole_weeks, rest = steps // BINS_PER_WEEK, steps % BINS_PER_WEEK
        start, row = next_bin[:, None], profile[:, None]
        part = self._sums[row, start + rest] - self._sums[row, start]
        return np.asarray(whole_weeks * self._sums[row, BINS_PER_WEEK] + part)


class _Walk:
    """History seen as it was known at the time: at every candle the profile of the weeks before and the running scale."""

    def __init__(self, history: Candles, size: Floats, table: WeekTable) -> None:
        self._history = history
        known = [table.profile(n_weeks) for n_weeks in range(_PROFILE_EVERY_WEEKS, table.n_weeks, _PROFILE_EVERY_WEEKS)]
        self._profiles = np.vstack([np.ones(BINS_PER_WEEK), *known])
        self._block = (week_numbers(history.opened_at) - table.first_week) // _PROFILE_EVERY_WEEKS
        bins = week_bins(history.opened_at)
        self._next_bin = (bins + 1) % BINS_PER_WEEK
        self._scale = np.maximum(Ewma(_HALF_LIFE).run(size / self._profiles[self._block, bins]), _FLOOR)

    def scales(self, rows: Ints) -> Floats:
        """Return the scale to each horizon of the laws' grid at the origins `rows`, shape (n, 9)."""
        ahead = _Squares(self._profiles).ahead(self._block[rows], self._next_bin[rows])
        return np.asarray(self._scale[rows, None] * np.sqrt(ahead))

    def days(self) -> Floats:
        """Return the standardised returns over the day after every other hour of the past year, shape (n, 288), NaN where missing."""
        history = self._history
        since = max(history.as_of - int(YEAR_S), int(history.opened_at[0]) + _WARM_UP_DAYS * 86400)
        rows = hourly_rows(history, since=since, every_hours=2)
        rows = rows[history.closed_at[rows] <= history.as_of - N_STEPS * 300]
        grid = on_grid(history.opened_at, step_returns(history))
        starts = (history.closed_at[rows] - history.opened_at[0]) // 300
        ahead = np.arange(N_STEPS)
        profile = self._profiles[self._block[rows][:, None], (self._next_bin[rows][:, None] + ahead) % BINS_PER_WEEK]
        return np.asarray(grid[starts[:, None] + ahead] / (self._scale[rows][:, None] * profile))
