"""The champion: gamma regression on multi-scale volatility, the New York week, a library of real days, recalibrated as outcomes come.

Up to a day the scale is regressed on what the market did on twelve time scales; Student t laws around it, and at 1 h and 4 h widths that
follow how often they were exceeded. Beyond a day the published quantile is the mean of three models' quantiles: a regression on the slow
features, log-HAR and a daily GARCH(1,1)-t. Paths are real days, scaled. `docs/methodology.md` tells the whole recipe with its sources.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import NO_EVENTS, Calendar, Candles, Floats, Horizon, Ints
from btcforecast.core.errors import InputError
from btcforecast.engine.calibration.health import Health
from btcforecast.engine.calibration.tracking import DUE_S, EVERY_S, HORIZONS_S, Tracking
from btcforecast.engine.features.deseasonalised import Deseasonalised
from btcforecast.engine.features.multiscale import MultiScale, features_of, means_at
from btcforecast.engine.features.returns import hourly_rows
from btcforecast.engine.features.season import Season
from btcforecast.engine.models.contract import N_STEPS, State
from btcforecast.engine.models.far import FarLaws
from btcforecast.engine.models.laws import GRID, GRID_STEPS, N_SHORT, YEAR_S, Laws, fit_laws
from btcforecast.engine.models.leads import LEAD_GROUPS, along_leads
from btcforecast.engine.models.library import Library, build_library, draw, on_grid
from btcforecast.engine.models.regression import LogLinear, fit_gamma
from btcforecast.engine.models.scaled import ScaledModel

_NEAR_STEPS: Final = (6, 12, 48, 144, 288)
"""Half an hour and the published horizons within a day, each with a regression of its own."""
_HALF_LIFE_YEARS: Final = 2.0
_RIDGE: Final = 0.01
_LAW_HALF_LIFE_YEARS: Final = 0.25
_WARM_UP_DAYS: Final = (28, 180)
"""How much of a short history, and of one of three years or more, is left to fill the slow means."""
_LEAST_WHOLE: Final = 0.2
"""The share of days that must be whole: below it the regressions of far leads rest on little, and at last on nothing."""
_ROOT_HALF_PI: Final = np.sqrt(np.pi / 2)
"""What a normal law's deviation is to its mean absolute value."""
_NEAR: Final = slice(N_SHORT)
_TRACKED: Final = slice(4)
"""Five minutes, half an hour, 1 h and 4 h on the laws' grid."""
_TRACKING_BEGINS_S: Final = YEAR_S / 2
"""Tracking learns from half a year before the fit, which is longer than it remembers."""


class MultiScaleVolatility(ScaledModel):
    """Gamma regression × week profile × day-path library, with online recalibration."""

    name: ClassVar[str] = "multiscale"
    anchors: ClassVar[tuple[Horizon, ...]] = GRID[:N_SHORT]
    min_candles: ClassVar[int] = 180 * 288
    recommended_candles: ClassVar[int] = 3 * 365 * 288
    limits: ClassVar[tuple[str, ...]] = (
        "Online recalibration holds the widths at 1 h and 4 h only; longer ones follow at the next fit.",
        "News that no calendar announces is seen only once the price has moved.",
    )

    def __init__(
        self,
        laws: Laws,
        near: LogLinear,
        leads: LogLinear,
        far: FarLaws,
        *,
        library: Library,
        season: Season,
        scales: MultiScale,
        tracking: Tracking,
    ) -> None:
        self.laws, self.near, self.leads, self.far = laws, near, leads, far
        self.library, self.season, self.scales, self.tracking = library, season, scales, tracking
        self._seen: tuple[int, Floats] | None = None

    @classmethod
    def _fit(cls, history: Candles) -> Self:
        return cls._fit_with(history, NO_EVENTS)

    @classmethod
    def _fit_with(cls, history: Candles, calendar: Calendar) -> Self:
        past = Deseasonalised.of(history, calendar=calendar)
        rows = hourly_rows(history, since=0)
        return cls._fit_to(past, rows, means_at(past, rows))

    @classmethod
    def _fit_many(cls, history: Candles, instants: Sequence[int], calendar: Calendar) -> Iterator[Self]:
        if len(calendar):
            # What events are worth is learned from the whole history given, so nothing can be shared.
            yield from super()._fit_many(history, instants, calendar)
            return
        past = Deseasonalised.of(history.up_to(instants[-1]))
        rows = hourly_rows(past.history, since=int(history.opened_at[0]))
        means = means_at(past, rows)
        for instant in instants:
            part = past.up_to(instant)
            n = int(np.searchsorted(rows, len(part.history)))
            yield cls._fit_to(part, rows[:n], means[:n])

    @classmethod
    def _fit_to(cls, past: Deseasonalised, rows: Ints, means: Floats) -> Self:
        """Return the model fitted to a history whose multi-scale means at every hourly row are known."""
        history = past.history
        warm_up_days = _WARM_UP_DAYS[int(len(history) >= cls.recommended_candles)]
        first = int(np.searchsorted(rows, np.searchsorted(history.opened_at, history.opened_at[0] + warm_up_days * 86400)))
        scales_now = MultiScale.after(past, int(rows[-1]), means[-1])
        rows, features = rows[first:], features_of(means[first:])
        closed_at = history.closed_at[rows]
        weights = 0.5 ** ((history.as_of - closed_at) / YEAR_S / _HALF_LIFE_YEARS)

        near_sizes = np.column_stack([past.mean_size_ahead(rows, 0, steps) for steps in _NEAR_STEPS])
        _refuse_holes(near_sizes)
        near = fit_gamma(features, near_sizes, weights, ridge=_RIDGE)
        even = closed_at % 7200 == 0
        lead_sizes = np.column_stack([past.mean_size_ahead(rows[even], begin, end) for begin, end in LEAD_GROUPS])
        leads = fit_gamma(features[even], lead_sizes, weights[even], ridge=_RIDGE)
        far = FarLaws.fit(past, rows, features)

        recent = closed_at >= history.as_of - 4 * YEAR_S
        squares = np.column_stack([past.squares_ahead(rows[recent], steps) for steps in (1, *_NEAR_STEPS)])
        log_sizes = np.column_stack((leads.log_mean(features[recent])[:, 0], near.log_mean(features[recent])))
        scales = np.exp(log_sizes) * np.sqrt(squares) * _ROOT_HALF_PI
        laws = fit_laws(history, rows[recent], scales, half_life_years=_LAW_HALF_LIFE_YEARS, part=_NEAR)

        season = Season(past.profile(), past.effect)
        tracked = closed_at[recent] >= history.as_of - _TRACKING_BEGINS_S
        made = rows[recent][tracked]
        # What lies beyond the end of the history is not in the past's squares yet.
        ahead = squares[tracked][:, _TRACKED]
        for row in np.flatnonzero(history.closed_at[made] + HORIZONS_S[-1] > history.as_of):
            ahead[row] = season.squares_ahead(int(history.closed_at[made[row]]), GRID_STEPS[_TRACKED])
        tracked_scales = np.exp(log_sizes[tracked][:, _TRACKED]) * np.sqrt(ahead) * _ROOT_HALF_PI
        widths = laws.widths_of(_TRACKED, tracked_scales)
        tracking = Tracking.over(history, made, widths)
        return cls(
            laws,
            near,
            leads,
            far,
            library=build_library(_days(past, rows[even], leads.log_mean(features[even]))),
            season=season,
            scales=scales_now,
            tracking=tracking,
        )

    def schedule(self, calendar: Calendar) -> None:
        """Tell the model which scheduled events are known."""
        super().schedule(calendar)
        self.season.schedule(calendar)
        self._spreads = None

    def health(self) -> Health:
        """Return how far scale and widths are from the usual."""
        size = float(np.exp(self.leads.log_mean(self._features())[0]))
        return Health(scale_ratio=size / max(self.scales.quarter, 1e-12), tracking=self.tracking.largest)

    def _observe(self, candles: Candles) -> None:
        returns, usual = self._returns(candles), self.season.usual(candles.opened_at)
        spans = np.log(candles.high / candles.low) / usual
        columns = (candles.closed_at, candles.close, np.abs(returns) / usual, spans, returns / usual)
        for at, close, size, span, signed in zip(*(column.tolist() for column in columns), strict=True):
            self.scales.update(size, span, signed)
            if at % EVERY_S in DUE_S:
                self.tracking.settle(at, close)
            if at % EVERY_S == 0:
                self.tracking.note(at, close, np.log(self._tracked_widths(at)))
        self.far.observe(candles, columns[2])

    def _features(self) -> Floats:
        if self._seen is None or self._seen[0] != self.scales.n:
            self._seen = self.scales.n, self.scales.features()
        return self._seen[1]

    def _tracked_widths(self, at: int) -> Floats:
        """Return the widths at the tracked horizons before tracking moves them, shape (4, 52)."""
        return self.laws.widths_of(_TRACKED, self._scales_at(at, _TRACKED))

    def _scales(self) -> Floats:
        """Return the scales at the horizons within a day, shape (6,)."""
        return self._scales_at(self.as_of, _NEAR)

    def _scales_at(self, at: int, part: slice) -> Floats:
        """Return the scales at some of the horizons within a day, for an instant that the state has reached."""
        features = self._features()
        log_sizes = np.concatenate((self.leads.log_mean(features)[:1], self.near.log_mean(features)))[part]
        return np.asarray(np.exp(log_sizes) * np.sqrt(self.season.squares_ahead(at, GRID_STEPS[part])) * _ROOT_HALF_PI)

    def _widths(self) -> Floats:
        near = self.laws.widths(self._scales())
        near[_TRACKED] = np.exp(self.tracking.apply(np.log(near[_TRACKED])))
        return np.vstack((near, self.far.widths(self._features(), self.season, self.as_of)))

    def _step_scales(self) -> Floats:
        """Return the expected absolute return of each of the next 288 candles."""
        sizes = np.exp(along_leads(self.leads.log_mean(self._features())))
        return np.asarray(sizes * self.season.ahead(self.as_of, N_STEPS))

    def _simulate(self, steps: Floats, rng: np.random.Generator) -> None:
        draw(self.library, steps, rng, scales=self._step_scales())

    def _clock(self) -> Floats:
        return np.concatenate(([0.0], np.cumsum(self._step_scales() ** 2)))

    def _state(self) -> State:
        return {
            **self.laws.state(),
            **self.near.state("near"),
            **self.leads.state("lead"),
            **self.far.state(),
            **self.season.state(),
            **self.tracking.state(),
            "library": self.library,
            "scales_raw": self.scales.raw.copy(),
            "scales_n": np.array(self.scales.n),
        }

    @classmethod
    def _from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        return cls(
            Laws.from_state(state),
            LogLinear.from_state(state, "near"),
            LogLinear.from_state(state, "lead"),
            FarLaws.from_state(state),
            library=np.asarray(state["library"], np.float32),
            season=Season.from_state(state),
            scales=MultiScale(np.array(state["scales_raw"], np.float64), int(np.asarray(state["scales_n"], np.int64))),
            tracking=Tracking.from_state(state),
        )


def _refuse_holes(sizes: Floats) -> None:
    """Raise InputError where so many candles are missing that hardly any day has enough of them to learn from; sizes: as `mean_size_ahead`."""
    whole = np.isfinite(sizes[:, -1]).mean()
    if whole < _LEAST_WHOLE:
        raise InputError(
            f"The model multiscale learns from days that have nine in ten of their candles; of this history's only {100 * whole:.0f} % have. "
            "Import what is missing, or choose a model that needs less, such as day_paths."
        )


def _days(past: Deseasonalised, rows: Ints, log_sizes: Floats) -> Floats:
    """Return the standardised returns over the day after each row of the past year, shape (n, 288), NaN where a candle is missing."""
    history = past.history
    closed_at = history.closed_at[rows]
    whole = (closed_at >= history.as_of - YEAR_S) & (closed_at <= history.as_of - N_STEPS * 300)
    starts = (closed_at[whole] - history.opened_at[0]) // 300
    returns = on_grid(history.opened_at, past.signed / past.effect.at(history.opened_at))[starts[:, None] + np.arange(N_STEPS)]
    return np.asarray(returns / np.exp(along_leads(log_sizes[whole])))
