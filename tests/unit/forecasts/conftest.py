"""A small market, a small model, and a registry in memory: a forecast's life needs no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import pytest
from numpy.typing import NDArray

from btcforecast.core import LEVELS, Candles, Distribution, Floats, Horizon, Series
from btcforecast.core.distribution import logit
from btcforecast.engine.calibration.health import Health
from btcforecast.engine.models.contract import Model, State
from btcforecast.forecasts.issue import Issuer, Roles

START = 1_764_547_200
"""2025-12-01T00:00:00Z."""
HOUR, DAY = 3600, 86400


def make_candles(n: int, *, first: int = START - 2 * DAY, seed: int = 1) -> Candles:
    rng = np.random.default_rng(seed)
    close = 90_000 * np.exp(np.cumsum(rng.normal(0, 0.001, n)))
    opened = np.r_[90_000.0, close[:-1]]
    return Candles(
        first + 300 * np.arange(n),
        opened,
        np.maximum(opened, close) * 1.0002,
        np.minimum(opened, close) * 0.9998,
        close,
        rng.uniform(1, 10, n),
    )


class Toy(Model):
    """Logistic law whose width is an average of absolute returns, moved with each candle."""

    name: ClassVar[str] = "toy"
    min_candles: ClassVar[int] = 10
    decay: ClassVar[float] = 0.98
    width: float

    @classmethod
    def _fit(cls, history: Candles) -> Self:
        model = cls()
        model.width = float(np.abs(np.diff(np.log(history.close))).mean())
        return model

    def _observe(self, candles: Candles) -> None:
        before = self.spot
        for close in candles.close.tolist():
            self.width = self.decay * self.width + (1 - self.decay) * abs(np.log(close / before))
            before = close

    def _distribution(self, horizon: Horizon) -> Distribution:
        return Distribution(self.width * np.sqrt(horizon.n_steps) * logit(LEVELS) * 0.7)

    def _paths(self, n_paths: int, n_steps: int, rng: np.random.Generator) -> Floats:
        steps = rng.normal(0, self.width * 1.25, (n_paths, n_steps))
        return np.hstack([np.zeros((n_paths, 1)), np.cumsum(steps, axis=1)])

    def _state(self) -> State:
        return {"width": np.float64(self.width)}

    @classmethod
    def _from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        model = cls()
        model.width = float(state["width"])
        return model


class Wide(Toy):
    """A baseline three times too wide."""

    name: ClassVar[str] = "wide"

    def _distribution(self, horizon: Horizon) -> Distribution:
        return Distribution(3 * super()._distribution(horizon).quantiles)


class Wonky(Toy):
    """A model with faults to inject: a law too narrow or too wide, an error, paths that are no numbers, an alarming health."""

    name: ClassVar[str] = "wonky"
    factor: ClassVar[float] = 1.0
    path_factor: ClassVar[float] = 1.0
    error: ClassVar[Exception | None] = None
    shown: ClassVar[Health] = Health()

    def _distribution(self, horizon: Horizon) -> Distribution:
        if self.error is not None:
            raise self.error
        return Distribution(self.factor * super()._distribution(horizon).quantiles)

    def _paths(self, n_paths: int, n_steps: int, rng: np.random.Generator) -> Floats:
        return self.path_factor * super()._paths(n_paths, n_steps, rng)

    def health(self) -> Health:
        return self.shown


@dataclass(frozen=True)
class ToyVersion:
    name: str
    trained_until: int
    facts: tuple[object, ...] = ()


@dataclass
class ToyRegistry:
    """Fitted models in memory; `n_loaded` counts how often one was taken from there."""

    states: dict[str, tuple[type[Model], State]] = field(default_factory=dict)
    n_loaded: int = 0

    def save(self, model: Model, *, series: Series, trained_from: int, data_digest: str, created_at: int) -> ToyVersion:
        version = ToyVersion(
            f"{model.name}@{model.trained_until}", model.trained_until, (series, trained_from, data_digest, created_at)
        )
        self.states[version.name] = (type(model), model.state())
        return version

    def newest(self, model: str, _series: Series, *, trained_by: int | None = None) -> ToyVersion | None:
        until = [int(name.partition("@")[2]) for name in self.states if name.partition("@")[0] == model]
        fitting = [at for at in until if trained_by is None or at <= trained_by]
        return ToyVersion(f"{model}@{max(fitting)}", max(fitting)) if fitting else None

    def load(self, version_name: str) -> Model:
        self.n_loaded += 1
        kind, state = self.states[version_name]
        return kind.from_state(state)


@pytest.fixture
def series() -> Series:
    return Series("kraken", "BTC/USD")


@pytest.fixture
def candles() -> Candles:
    """Five days, two of them before START."""
    return make_candles(5 * 288)


@pytest.fixture
def registry(candles: Candles, series: Series) -> ToyRegistry:
    """Toy and Wide, both fitted at START − 1 day."""
    known = ToyRegistry()
    for kind in (Toy, Wide):
        model = kind.fit(candles.up_to(START - DAY))
        known.save(model, series=series, trained_from=0, data_digest="", created_at=0)
    return known


@pytest.fixture
def wonky(registry: ToyRegistry, candles: Candles, series: Series) -> type[Wonky]:
    """A class of its own for each test, fitted like the others."""
    kind = type("WonkyHere", (Wonky,), {})
    registry.save(kind.fit(candles.up_to(START - DAY)), series=series, trained_from=0, data_digest="", created_at=0)
    return kind


@pytest.fixture
def issuer(registry: ToyRegistry) -> Issuer:
    return Issuer(registry, Roles("toy", ("wide",)), n_paths=20)
