"""Laws of the log return at each horizon: a Student t, scaled by what a model believes the volatility to be.

R_h ~ exp(a_h) · m_h · (s_h / m_h)^γ_h · t(ν_h), symmetric and without drift. s_h is the model's own scale for the horizon, known at the origin;
(a, ν) and, where it is free, γ are maximum-likelihood estimates over past origins. γ below 1 pulls a momentary scale back towards the usual
scale m_h, which is constant unless a model says what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import digamma, gammaln, stdtrit

from btcforecast.core import HORIZONS, LEVELS, Candles, Distribution, Floats, Horizon
from btcforecast.core.errors import InputError
from btcforecast.engine.features.returns import horizon_returns, hourly_rows

GRID: Final = (Horizon(300), Horizon(1800), *HORIZONS)
"""The horizons at which laws are fitted: one step and half an hour, then those that are published."""
GRID_STEPS: Final = np.array([horizon.n_steps for horizon in GRID], np.float64)
N_SHORT: Final = 6
"""How many of the grid's horizons reach no further than a day."""

YEAR_S: Final = 365.25 * 86400
_UPPER: Final = LEVELS[len(LEVELS) // 2 + 1 :]
_MIN_GROWTH: Final = 1.01
"""A martingale's spread never falls with the horizon; neighbours on the grid differ by this factor at least."""

# Priors for what little data leave open: log scale like that of the next shorter horizon, similar tails, some mean reversion.
_SD_LEVEL: Final = 0.2
_SD_LOG_NU: Final = 0.5
_SHRINKAGE: Final = (0.6, 0.3)
_LOG_NU_BOUNDS: Final = (np.log(2.1), np.log(60.0))
_SHRINKAGE_BOUNDS: Final = (0.1, 1.2)


@dataclass(frozen=True, slots=True)
class Laws:
    """The fitted laws, one for each horizon of `GRID` or of its end; every array has shape (9,), or what that end counts."""

    level: Floats
    shrinkage: Floats
    nu: Floats
    unit: Floats
    """Quantiles of the standard t at the grid levels above one half, shape (9, 52)."""

    @classmethod
    def of(cls, level: Floats, shrinkage: Floats, nu: Floats) -> Self:
        """Return the laws with these parameters."""
        return cls(level, shrinkage, nu, np.asarray(stdtrit(nu[:, None], _UPPER[None, :])))

    def widths(self, scales: Floats, usual: Floats | float = 1.0) -> Floats:
        """Return the upper quantiles at each horizon for the scales of the moment, and those they are pulled to, shape (9, 52)."""
        spread = np.exp(self.level + np.log(usual) + self.shrinkage * np.log(scales / usual))
        return np.asarray(spread[:, None] * self.unit)

    def widths_of(self, part: slice, scales: Floats) -> Floats:
        """Return the upper quantiles of some of the horizons only; scales: at those, shape (…, k) to (…, k, 52)."""
        spread = np.exp(self.level[part] + self.shrinkage[part] * np.log(scales))
        return np.asarray(spread[..., None] * self.unit[part])

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return the parameters as named arrays."""
        return {"law_level": self.level, "law_shrinkage": self.shrinkage, "law_nu": self.nu}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the laws that `state` was taken from."""
        return cls.of(*(np.asarray(state[name], np.float64) for name in ("law_level", "law_shrinkage", "law_nu")))


def widening(widths: Floats) -> Floats:
    """Return the upper quantiles, nearest horizon first, made to grow with every horizon."""
    growth = _MIN_GROWTH ** np.arange(len(widths))[:, None]
    return np.asarray(np.maximum.accumulate(widths / growth, axis=0) * growth)


def distribution_at(spreads: Floats, horizon: Horizon) -> Distribution:
    """Return the law at a horizon; see `quantiles_at`."""
    return Distribution(quantiles_at(spreads, horizon))


def quantiles_at(spreads: Floats, horizon: Horizon) -> Floats:
    """Return the quantiles at a horizon from five minutes to the grid's last; between grid horizons, log-linear in log time.

    spreads: the upper quantiles at the grid's horizons, shape (…, 9, 52) to (…, 105).
    """
    steps = horizon.n_steps
    if steps > GRID_STEPS[-1]:
        raise InputError(f"Forecasts reach at most {GRID[-1]}; asked for {horizon}.")
    right = int(np.searchsorted(GRID_STEPS, steps))
    upper = spreads[..., right, :]
    if GRID_STEPS[right] != steps:
        share = np.log(steps / GRID_STEPS[right - 1]) / np.log(GRID_STEPS[right] / GRID_STEPS[right - 1])
        upper = spreads[..., right - 1, :] ** (1 - share) * upper**share
    return np.concatenate((-upper[..., ::-1], np.zeros((*upper.shape[:-1], 1)), upper), axis=-1)


def origins(candles: Candles, *, skip_days: float) -> NDArray[np.int64]:
    """Return the rows of the hourly origins of the last four years, the first `skip_days` of history left out as warm-up."""
    since = max(int(candles.opened_at[0] + skip_days * 86400), int(candles.as_of - 4 * YEAR_S))
    return hourly_rows(candles, since=since)


def fit_laws(
    candles: Candles,
    rows: NDArray[np.int64],
    scales: Floats,
    *,
    is_shrunk: bool = False,
    half_life_years: float = 1.5,
    part: slice = slice(None),
    usual: Floats | None = None,
) -> Laws:
    """Return the laws fitted to what followed each origin.

    rows: the origins. scales: the model's scales at each of them, shape (len(rows), 9), computed without looking ahead. is_shrunk: whether γ is
    estimated beyond a day; elsewhere it is 1. part: of the grid, where scales are for a part of its horizons only. usual: what scales are pulled
    to, in the shape of `scales`. Up to a day the last three years count, with the given half-life; beyond, four and 2.
    """
    grid = GRID[part]
    level, shrinkage, nu = np.empty(len(grid)), np.ones(len(grid)), np.empty(len(grid))
    # Where the first horizon starts; data overrule it at once.
    prior = (0.0, np.log(4.0))
    age_years = (candles.as_of - candles.closed_at[rows]) / YEAR_S
    for i, horizon in enumerate(grid):
        is_short = horizon.seconds <= GRID[N_SHORT - 1].seconds
        outcome = horizon_returns(candles, rows, horizon.seconds)
        usable = np.isfinite(outcome) & (age_years <= (3 if is_short else 4))
        if not is_short:
            usable &= candles.closed_at[rows] % (6 * 3600) == 0
        # Overlapping outcomes tell little that is new, so each counts for its share of an independent one.
        spacing_s = 3600 if is_short else 6 * 3600
        weight = 0.5 ** (age_years[usable] / (half_life_years if is_short else 2)) * min(1.0, spacing_s / horizon.seconds)
        pulled_to = 1.0 if usual is None else usual[usable, i]
        log_scale = np.log(scales[usable, i] / pulled_to)
        level[i], nu[i], shrinkage[i] = fit_t(
            outcome[usable] / pulled_to,
            log_scale,
            weight,
            prior=prior,
            sd_level=np.inf if i == 0 else _SD_LEVEL,
            is_shrunk=is_shrunk and not is_short,
        )
        middle = float(np.average(log_scale, weights=weight)) if len(weight) else 0.0
        prior = (level[i] + (shrinkage[i] - 1) * middle, np.log(nu[i]))
    return Laws.of(level, shrinkage, nu)


def fit_t(
    outcome: Floats, log_scale: Floats, weight: Floats, *, prior: tuple[float, float], sd_level: float, is_shrunk: bool
) -> tuple[float, float, float]:
    """Return (level, ν, γ) that maximise the weighted t likelihood of outcomes ~ exp(level) · scale^γ · t(ν), times the prior.

    prior: log level at the usual scale, and ln ν.
    """
    if not len(outcome):
        return prior[0], float(np.exp(prior[1])), 1.0
    usual = float(np.average(log_scale, weights=weight))
    x = log_scale - usual
    total = float(weight.sum())
    if not np.isfinite(sd_level):
        # The median of |t| is near 0.75 of its scale, which is start enough.
        prior = (float(np.log(np.median(np.abs(outcome * np.exp(-log_scale))) / 0.75)), prior[1])

    # With a fixed exponent the scale is divided out once.
    unscaled = (outcome * np.exp(-usual - (0.0 if is_shrunk else x))) ** 2

    def cost(parameters: Floats) -> tuple[float, Floats]:
        level, log_nu, shrinkage = (*parameters, 1.0)[:3]
        nu = np.exp(log_nu)
        log_spread = level + shrinkage * x
        z2 = unscaled * np.exp(-2 * (log_spread if is_shrunk else level))
        spread_out = np.log1p(z2 / nu)
        constant = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu * np.pi)
        likelihood = constant * total - np.sum(weight * (log_spread + (nu + 1) / 2 * spread_out))
        # Derivatives of the log density by log spread and by ln ν.
        share = z2 / (nu + z2)
        by_spread = weight * ((nu + 1) * share - 1)
        by_log_nu = 0.5 * nu * (digamma((nu + 1) / 2) - digamma(nu / 2) - 1 / nu) * total
        by_log_nu += 0.5 * np.sum(weight * ((nu + 1) * share - nu * spread_out))
        slopes = [by_spread.sum(), by_log_nu, np.sum(by_spread * x)][: len(parameters)]
        pulls = (np.asarray(parameters) - center) / sd
        return float(0.5 * np.dot(pulls, pulls) - likelihood), np.asarray(pulls / sd - slopes)

    center = np.array([prior[0], prior[1], _SHRINKAGE[0]])[: 3 if is_shrunk else 2]
    sd = np.array([sd_level, _SD_LOG_NU, _SHRINKAGE[1]])[: len(center)]
    bounds = [(None, None), _LOG_NU_BOUNDS, _SHRINKAGE_BOUNDS][: len(center)]
    best = minimize(cost, center, jac=True, method="L-BFGS-B", bounds=bounds).x
    shrinkage = float(best[2]) if is_shrunk else 1.0
    return float(best[0] + usual - shrinkage * usual), float(np.exp(best[1])), shrinkage
