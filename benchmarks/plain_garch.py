"""GARCH(1,1)-t as it comes from `arch`: the denominator of the limits, without anything that this project adds to its own baseline.

Three processes by maximum likelihood with Student t innovations and no mean. Five-minute returns of the past 30 days, estimated anew at every
midnight UTC, give the paths. Hourly returns of three years give 1 h and 4 h; daily returns of 1,200 days give the rest, both estimated when the
model is fitted. The daily process is carried on at every hour of the day, each with its own variance, so that it always knows the newest day.
A law is the simulated sum of the steps: 4,000 strings of innovations and their mirror images, the same ones always. No law is refitted
around it, and quantiles at different horizons come from different processes: they need not agree with the paths. Only for benchmarks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, Self

import numpy as np
from arch import arch_model
from numpy.typing import NDArray
from scipy.special import stdtrit

from btcforecast.core import LEVELS, Candles, Distribution, Floats, Horizon
from btcforecast.engine.models.contract import N_STEPS, Model, State

HOUR_S: Final = 3600
DAY_S: Final = 86400
PATH_DAYS: Final = 30
HOURLY_DAYS: Final = 1095
DAILY_DAYS: Final = 1200
N_STRINGS: Final = 4000
LONGEST: Final = 30


class PlainGarch(Model):
    """Three plain GARCH(1,1)-t processes: five-minute for paths, hourly to 4 h, daily beyond."""

    name: ClassVar[str] = "plain_garch"
    min_candles: ClassVar[int] = 180 * 288

    def __init__(self, hourly: Floats, daily: Floats, *, variance: float, day_variances: Floats, closes: Floats) -> None:
        # (omega, alpha, beta, nu) of each; the variance of the next hour; of the next day by hour of the day; the past closes by five minutes.
        self.hourly, self.daily, self.variance, self.day_variances, self.closes = hourly, daily, variance, day_variances, closes
        self._estimated: tuple[int, Floats, float] | None = None
        self._strings = {nu: strings(nu) for nu in (float(hourly[3]), float(daily[3]))}

    @classmethod
    def _fit(cls, history: Candles) -> Self:
        closes = on_grid(history, n_days=max(HOURLY_DAYS, DAILY_DAYS) + 1)
        hours = closes[::-12][::-1]
        hourly_returns = known(np.diff(np.log(hours))[-HOURLY_DAYS * 24 :])
        hourly = estimate(hourly_returns)
        days = np.log(hours[24:] / hours[:-24])
        # The grid ends at the newest candle; a day later is the same hour of the day again.
        latest = [known(days[len(days) - 1 - lag :: -24][::-1][-DAILY_DAYS:]) for lag in range(24)]
        daily = estimate(latest[0])
        day_variances = np.empty(24)
        newest_hour = history.as_of // HOUR_S % 24
        for lag in range(24):
            day_variances[(newest_hour - lag) % 24] = filtered(daily, latest[lag])
        return cls(
            hourly,
            daily,
            variance=filtered(hourly, hourly_returns),
            day_variances=day_variances,
            closes=closes[-PATH_DAYS * 288 - 289 :].copy(),
        )

    def _observe(self, candles: Candles) -> None:
        n_new = (candles.as_of - self.as_of) // 300
        new = np.full(n_new, np.nan)
        new[(candles.closed_at - self.as_of) // 300 - 1] = candles.close
        first = len(self.closes)
        self.closes = np.concatenate((self.closes, new))
        # Closes on whole hours among the new ones carry the hourly and the daily process on.
        for row in range(first, len(self.closes)):
            at = self.as_of + 300 * (row - first + 1)
            if at % HOUR_S:
                continue
            hour, day = np.log(self.closes[row] / self.closes[row - 12]), np.log(self.closes[row] / self.closes[row - 288])
            if np.isfinite(hour):
                self.variance = after(self.hourly, self.variance, hour)
            if np.isfinite(day):
                which = at // HOUR_S % 24
                self.day_variances[which] = after(self.daily, self.day_variances[which], day)
        self.closes = self.closes[-PATH_DAYS * 288 - 289 :]

    def _distribution(self, horizon: Horizon) -> Distribution:
        if horizon.seconds <= 4 * HOUR_S:
            process, variance, n_steps = self.hourly, self.variance, max(horizon.seconds / HOUR_S, 1)
            share = min(horizon.seconds / HOUR_S, 1)
        else:
            # The newest day that ended on a whole hour.
            process, variance = self.daily, self.day_variances[self.as_of // HOUR_S % 24]
            n_steps, share = max(horizon.seconds / DAY_S, 1), min(horizon.seconds / DAY_S, 1)
        if n_steps == 1:
            nu = process[3]
            upper = stdtrit(nu, LEVELS[53:]) * np.sqrt(variance * share * (nu - 2) / nu)
        else:
            sums = np.abs(simulated(process, variance, int(np.ceil(n_steps)), self._strings[float(process[3])]).sum(axis=0))
            upper = np.quantile(sums, 2 * LEVELS[53:] - 1)
        return Distribution(np.concatenate((-upper[::-1], [0.0], upper)))

    def _paths(self, n_paths: int, n_steps: int, rng: np.random.Generator) -> Floats:
        process, variance = self._five_minute()
        nu = process[3]
        innovations = rng.standard_t(nu, size=(N_STEPS, n_paths)) * np.sqrt((nu - 2) / nu)
        steps = simulated(process, variance, n_steps, innovations)
        return np.vstack((np.zeros(n_paths), np.cumsum(steps, axis=0))).T

    def _five_minute(self) -> tuple[Floats, float]:
        """Return the process estimated at the last midnight and the variance of the next five minutes."""
        midnight = self.as_of - self.as_of % DAY_S
        n_since = (self.as_of - midnight) // 300
        returns = np.diff(np.log(self.closes))
        if self._estimated is None or self._estimated[0] != midnight:
            before = known(returns[: len(returns) - n_since][-PATH_DAYS * 288 :])
            process = estimate(before)
            self._estimated = midnight, process, filtered(process, before)
        _, process, variance = self._estimated
        for step in known(returns[len(returns) - n_since :]).tolist():
            variance = after(process, variance, step)
        return process, variance

    def _state(self) -> State:
        return {
            "hourly": self.hourly,
            "daily": self.daily,
            "variance": np.array(self.variance),
            "day_variances": self.day_variances.copy(),
            "closes": self.closes.copy(),
        }

    @classmethod
    def _from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        hourly, daily, day_variances, closes = (
            np.array(state[key], np.float64) for key in ("hourly", "daily", "day_variances", "closes")
        )
        return cls(
            hourly, daily, variance=float(np.asarray(state["variance"], np.float64)), day_variances=day_variances, closes=closes
        )


def on_grid(history: Candles, *, n_days: int) -> Floats:
    """Return the closes of the last days every five minutes, the newest last, NaN where a candle is missing."""
    begin = max(history.as_of - n_days * DAY_S, int(history.closed_at[0]))
    recent = history.since(begin - 300)
    closes = np.full((history.as_of - begin) // 300 + 1, np.nan)
    closes[(recent.closed_at - begin) // 300] = recent.close
    return closes


def known(returns: Floats) -> Floats:
    return returns[np.isfinite(returns)]


def estimate(returns: Floats) -> Floats:
    """Return (omega, alpha, beta, nu) as `arch` finds them, in the unit of the returns."""
    unit = float(np.std(returns)) or 1.0
    model = arch_model(returns / unit, mean="Zero", vol="GARCH", p=1, q=1, dist="t", rescale=False)
    found = model.fit(disp="off", show_warning=False).params
    return np.array([found["omega"] * unit**2, found["alpha[1]"], found["beta[1]"], max(found["nu"], 2.05)])


def filtered(process: Floats, returns: Floats) -> float:
    """Return the variance of the next return after all of these, beginning with their mean square."""
    variance = float(np.mean(returns**2))
    for step in returns.tolist():
        variance = after(process, variance, step)
    return variance


def after(process: Floats, variance: float, step: float) -> float:
    return float(process[0] + process[1] * step * step + process[2] * variance)


def strings(nu: float) -> Floats:
    """Return fixed strings of innovations of unit variance, shape (30, 8000): 4,000 and their mirror images."""
    half = np.random.Generator(np.random.SFC64(0)).standard_t(nu, size=(LONGEST, N_STRINGS)) * np.sqrt((nu - 2) / nu)
    return np.concatenate((half, -half), axis=1)


def simulated(process: Floats, variance: float, n_steps: int, innovations: Floats) -> Floats:
    """Return simulated returns, shape (n_steps, n)."""
    steps = np.empty((n_steps, innovations.shape[1]))
    variances = np.full(innovations.shape[1], variance)
    for i in range(n_steps):
        steps[i] = innovations[i] * np.sqrt(variances)
        variances = process[0] + process[1] * steps[i] ** 2 + process[2] * variances
    return steps
