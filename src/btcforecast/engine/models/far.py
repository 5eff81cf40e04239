"""Days and weeks ahead: three plain models whose quantiles are averaged, because none of them is the best for long.

A gamma regression on the slow features, log-HAR and a daily GARCH(1,1)-t, each with t laws around its scale, pulled towards its usual level.
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
from btcforecast.engine.features.multiscale import SLOW
from btcforecast.engine.features.season import Season
from btcforecast.engine.models.garch import Garch
from btcforecast.engine.models.laws import GRID_STEPS, N_SHORT, YEAR_S, Laws, fit_laws
from btcforecast.engine.models.log_har import LogHar, Recent
from btcforecast.engine.models.regression import LogLinear, fit_gamma

_STEPS: Final = GRID_STEPS[N_SHORT:].astype(np.int64)
_DAYS: Final = _STEPS / 288
_ORIGINS_EVERY_S: Final = 6 * 3600
_HALF_LIFE_YEARS: Final = 4.0
_RIDGE: Final = 0.05
_GARCH_DAYS: Final = 1200
_ROOT_HALF_PI: Final = np.sqrt(np.pi / 2)


class FarLaws:
    """The regression for 3 d, 7 d and 30 d, and its two companions with their laws."""

    def __init__(self, slow: LogLinear, *, har: LogHar, recent: Recent, garch: Garch, har_laws: Laws, garch_laws: Laws) -> None:
        self.slow, self.har, self.recent, self.garch = slow, har, recent, garch
        self.har_laws, self.garch_laws = har_laws, garch_laws

    @classmethod
    def fit(cls, past: Deseasonalised, rows: Ints, features: Floats) -> tuple[Self, Floats]:
        """Return the fitted three, and the regression's scale at each of the hourly rows, shape (n, 3)."""
        history = past.history
        closed_at = history.closed_at[rows]
        age_years = (history.as_of - closed_at) / YEAR_S
        learned = closed_at % _ORIGINS_EVERY_S == 0
        sizes = np.column_stack([past.mean_size_ahead(rows[learned], 0, steps) for steps in _STEPS.tolist()])
        weights = 0.5 ** (age_years[learned] / _HALF_LIFE_YEARS)
        slow = fit_gamma(features[learned][:, SLOW], sizes, weights, ridge=_RIDGE)
        roots = np.sqrt(np.column_stack([past.squares_ahead(rows, steps) for steps in _STEPS.tolist()]))
        scales = np.exp(slow.log_mean(features[:, SLOW])) * roots * _ROOT_HALF_PI

        judged = learned & (age_years <= 4)
        har, har_scales = LogHar.fit(past, rows[learned], steps=_STEPS)
        har_laws = fit_laws(history, rows[judged], har_scales[judged[learned]], is_shrunk=True, first=N_SHORT)
        garch = Garch.fit(history.since(history.as_of - _GARCH_DAYS * 86400), 86400)
        found_at, variances = garch.run(history)
        newest = np.maximum(np.searchsorted(found_at, closed_at[judged], side="right") - 1, 0)
        garch_scales = np.sqrt(np.column_stack([garch.ahead(variances[newest], days) for days in _DAYS.tolist()]))
        garch_laws = fit_laws(history, rows[judged], garch_scales, first=N_SHORT)
        companions = cls(slow, har=har, recent=Recent.after(past), garch=garch, har_laws=har_laws, garch_laws=garch_laws)
        return companions, scales

    def observe(self, candles: Candles, sizes: Floats) -> None:
        """Bring the companions forward over closed candles; sizes: their |r| over the expected."""
        self.garch.run(candles)
        for size in sizes.tolist():
            self.recent.update(size)

    def scales(self, features: Floats, season: Season, as_of: int) -> Floats:
        """Return the regression's scales of the moment, shape (3,)."""
        return np.asarray(np.exp(self.slow.log_mean(features[SLOW])) * _roots_ahead(season, as_of) * _ROOT_HALF_PI)

    def averaged(self, widths: Floats, season: Season, as_of: int) -> Floats:
        """Return the mean of the regression's upper quantiles and those of its companions, shape (3, 52)."""
        har = self.har_laws.widths(self.har.sizes(self.recent.behind()) * _roots_ahead(season, as_of))
        garch = self.garch_laws.widths(np.sqrt(self.garch.ahead(self.garch.variance, _DAYS)))
        return np.asarray((widths + har + garch) / 3)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return everything as named arrays."""
        laws = {"har": self.har_laws, "garch": self.garch_laws}
        return {
            **self.slow.state("slow"),
            **self.har.state(),
            **self.recent.state(),
            "garch": self.garch.as_row(),
            **{f"{name}_{key}": value for name, law in laws.items() for key, value in law.state().items()},
        }

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the laws that `state` was taken from."""
        har_laws, garch_laws = (
            Laws.from_state({key.removeprefix(name): value for key, value in state.items() if key.startswith(name + "law_")})
            for name in ("har_", "garch_")
        )
        garch = Garch.from_row(np.asarray(state["garch"], np.float64))
        return cls(
            LogLinear.from_state(state, "slow"),
            har=LogHar.from_state(state),
            recent=Recent.from_state(state),
            garch=garch,
            har_laws=har_laws,
            garch_laws=garch_laws,
        )


def _roots_ahead(season: Season, as_of: int) -> Floats:
    return np.asarray(np.sqrt(season.squares_ahead(as_of, GRID_STEPS[N_SHORT:])))
