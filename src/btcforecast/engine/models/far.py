"""Days and weeks ahead: three plain models whose quantiles are averaged, because none of them is the best for long.

A gamma regression on the slow features, log-HAR and a daily GARCH(1,1)-t, each with t laws around its scale. The scales of the first two are
pulled towards the mean of about the past year, as strongly as past outcomes say: towards a constant of many years they are pulled to the
wrong place for months (decision 70).
Averaging quantiles (Vincent 1912; Lichtendahl, Grushka-Cockayne and Winkler 2013, doi:10.1287/mnsc.1120.1667) keeps the tails that
averaging densities would fatten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import Candles, Floats, Ints
from btcforecast.engine.features.deseasonalised import Deseasonalised
from btcforecast.engine.features.ewma import Ewma
from btcforecast.engine.features.multiscale import SLOW
from btcforecast.engine.features.season import Season
from btcforecast.engine.models.garch import Garch
from btcforecast.engine.models.laws import GRID_STEPS, N_SHORT, YEAR_S, Laws, fit_laws
from btcforecast.engine.models.log_har import LogHar, Recent
from btcforecast.engine.models.regression import LogLinear, fit_gamma

_FAR: Final = slice(N_SHORT, None)
_STEPS: Final = GRID_STEPS[_FAR].astype(np.int64)
_DAYS: Final = _STEPS / 288
_ORIGINS_EVERY_S: Final = 6 * 3600
_HALF_LIFE_YEARS: Final = 4.0
_RIDGE: Final = 0.05
_YEAR_HALF_LIFE: Final = 365 * 288.0
_LAW_YEARS: Final = 4.0
_GARCH_DAYS: Final = 1200
_DAY_S: Final = 86400
_NAMES: Final = ("slow", "har", "garch")
_ROOT_HALF_PI: Final = np.sqrt(np.pi / 2)


class FarLaws:
    """The three scales for 3 d, 7 d and 30 d, their laws, and what the first two are pulled to."""

    def __init__(
        self, slow: LogLinear, har: LogHar, garch: Garch, *, recent: Recent, year: Ewma, laws: tuple[Laws, Laws, Laws]
    ) -> None:
        self.slow, self.har, self.garch = slow, har, garch
        self.recent, self.year, self.laws = recent, year, laws

    @classmethod
    def fit(cls, past: Deseasonalised, rows: Ints, features: Floats) -> Self:
        """Return the three fitted to a history whose features, shape (n, 35), are known at hourly rows."""
        history = past.history
        six_hourly = history.closed_at[rows] % _ORIGINS_EVERY_S == 0
        rows, features = rows[six_hourly], features[six_hourly][:, SLOW]
        age_years = (history.as_of - history.closed_at[rows]) / YEAR_S
        sizes = np.column_stack([past.mean_size_ahead(rows, 0, steps) for steps in _STEPS.tolist()])
        slow = fit_gamma(features, sizes, 0.5 ** (age_years / _HALF_LIFE_YEARS), ridge=_RIDGE)
        har, har_scales = LogHar.fit(past, rows, steps=_STEPS)
        year = Ewma(_YEAR_HALF_LIFE)
        years = year.run(past.size)

        judged = age_years <= _LAW_YEARS
        rows = rows[judged]
        roots = np.sqrt(np.column_stack([past.squares_ahead(rows, steps) for steps in _STEPS.tolist()])) * _ROOT_HALF_PI
        usual = years[rows, None] * roots
        slow_laws = fit_laws(
            history, rows, np.exp(slow.log_mean(features[judged])) * roots, is_shrunk=True, part=_FAR, usual=usual
        )
        har_laws = fit_laws(history, rows, har_scales[judged], is_shrunk=True, part=_FAR, usual=usual)
        garch = Garch.fit(history.since(history.as_of - _GARCH_DAYS * _DAY_S), _DAY_S)
        found_at, variances = garch.run(history)
        newest = np.maximum(np.searchsorted(found_at, history.closed_at[rows], side="right") - 1, 0)
        garch_scales = np.sqrt(np.column_stack([garch.ahead(variances[newest], days) for days in _DAYS.tolist()]))
        garch_laws = fit_laws(history, rows, garch_scales, part=_FAR)
        return cls(slow, har, garch, recent=Recent.after(past), year=year, laws=(slow_laws, har_laws, garch_laws))

    def observe(self, candles: Candles, sizes: Floats) -> None:
        """Bring the state forward over closed candles; sizes: their |r| over the expected."""
        if int(candles.opened_at[0]) // _DAY_S != candles.as_of // _DAY_S:
            # Only a day's close tells the daily process anything.
            self.garch.run(candles)
        for size in sizes.tolist():
            self.year.step(size)
            self.recent.update(size)

    def widths(self, features: Floats, season: Season, as_of: int) -> Floats:
        """Return the mean of the three models' upper quantiles, shape (3, 52)."""
        roots = np.sqrt(season.squares_ahead(as_of, GRID_STEPS[_FAR]))
        usual = self.year.value * roots * _ROOT_HALF_PI
        slow_laws, har_laws, garch_laws = self.laws
        slow = slow_laws.widths(np.exp(self.slow.log_mean(features[SLOW])) * roots * _ROOT_HALF_PI, usual)
        har = har_laws.widths(self.har.sizes(self.recent.behind()) * roots, usual)
        garch = garch_laws.widths(np.sqrt(self.garch.ahead(self.garch.variance, _DAYS)))
        return np.asarray((slow + har + garch) / 3)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return everything as named arrays."""
        laws = zip(_NAMES, self.laws, strict=True)
        return {
            **self.slow.state("slow"),
            **self.har.state(),
            **self.recent.state(),
            "garch": self.garch.as_row(),
            "year_raw": np.array(self.year.raw),
            "year_n": np.array(self.year.n),
            **{f"{name}_{key}": value for name, law in laws for key, value in law.state().items()},
        }

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the laws that `state` was taken from."""
        slow_laws, har_laws, garch_laws = (
            Laws.from_state(
                {key.removeprefix(name + "_"): value for key, value in state.items() if key.startswith(name + "_law_")}
            )
            for name in _NAMES
        )
        return cls(
            LogLinear.from_state(state, "slow"),
            LogHar.from_state(state),
            Garch.from_row(np.asarray(state["garch"], np.float64)),
            recent=Recent.from_state(state),
            year=Ewma(
                _YEAR_HALF_LIFE, float(np.asarray(state["year_raw"], np.float64)), int(np.asarray(state["year_n"], np.int64))
            ),
            laws=(slow_laws, har_laws, garch_laws),
        )
