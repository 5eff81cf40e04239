"""What every model must be able to do; the conformance suite in `tests/contract` holds each one to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from btcforecast.core import HORIZONS, LEVELS, NO_EVENTS, Calendar, Candles, Distribution, Floats, Horizon, Ints
from btcforecast.core.errors import ConflictError, InputError, TooLittleHistoryError
from btcforecast.engine.calibration.health import Health
from btcforecast.engine.scoring.variance import law_variances

N_PATHS: Final = 1000
N_STEPS: Final = 288
State = dict[str, NDArray[np.generic]]
"""A model's whole memory as named arrays (numbers or fixed-width text, never objects): what is saved to disk."""


class Model(ABC):
    """A model fitted to history. Public methods check; the underscored ones that a model writes compute.

    The life of a model: `fit(history)` once, `observe(candles)` for each closed candle after it, `quantiles()` and `paths()` whenever
    a forecast is due, `state()` and `from_state()` to survive a restart. It never sees a candle that has not closed.
    """

    name: ClassVar[str]
    min_candles: ClassVar[int]
    """How many base candles `fit` needs at least."""
    recommended_candles: ClassVar[int] = 0
    """With fewer than this `fit` works, but the forecasts are worse; whoever fits says so."""

    limits: ClassVar[tuple[str, ...]] = ()
    """What the model cannot do, in sentences for its card."""

    as_of: int
    """The close of the newest candle seen, Unix seconds."""
    trained_until: int
    """The close of the newest candle that `fit` saw, Unix seconds."""
    spot: float
    """The newest close, quote currency."""
    calendar: Calendar = NO_EVENTS
    """The scheduled events that the model knows of."""

    @classmethod
    def fit(cls, history: Candles, *, calendar: Calendar = NO_EVENTS) -> Self:
        """Return the model fitted to base candles, ready to forecast from the last one's close.

        calendar: the scheduled events known by then, past and to come; a model that knows nothing of events ignores them. Raises TooLittleHistoryError when there are fewer than `min_candles`.
        """
        cls._refuse_too_little(history)
        return cls._begin(cls._fit_with(history, calendar), history, calendar)

    @classmethod
    def fit_many(cls, history: Candles, instants: Sequence[int], *, calendar: Calendar = NO_EVENTS) -> Iterator[Self]:
        """Yield the model fitted at each of these ascending instants, one after the other.

        Each is `fit(history.up_to(instant), calendar=calendar.known_at(instant))`, bit for bit; a model that can share work between fits
        overrides `_fit_many`. The history may reach beyond the last instant.
        """
        known = [history.up_to(instant) for instant in instants]
        for part in known:
            cls._refuse_too_little(part)
        for part, instant, model in zip(known, instants, cls._fit_many(history, instants, calendar), strict=True):
            yield cls._begin(model, part, calendar.known_at(instant))

    def schedule(self, calendar: Calendar) -> None:
        """Tell the model which scheduled events are known; those that it has already seen candles of change nothing.

        The calendar is not part of the state: whoever reads a model back tells it again.
        """
        self.calendar = calendar

    def observe(self, candles: Candles) -> None:
        """Bring the state forward over closed candles that follow the ones already seen; gaps are allowed.

        One call with many candles and many calls with one candle each lead to the same state, bit for bit.
        """
        if not len(candles):
            return
        if int(candles.opened_at[0]) < self.as_of:
            raise self._seen_already()
        self._observe(candles)
        self.as_of = candles.as_of
        self.spot = float(candles.close[-1])

    def quantiles(self, horizons: tuple[Horizon, ...] = HORIZONS) -> dict[Horizon, Distribution]:
        """Return the law of the log return from `spot` to each horizon, rounded as published."""
        return {horizon: self._distribution(horizon).rounded() for horizon in horizons}

    def variances(self, horizons: tuple[Horizon, ...] = HORIZONS) -> Floats:
        """Return the model's own forecast of the realised variance to each horizon, shape (n_horizons,).

        Its course counts, its level may be off by a factor that stays the same between fits: whoever scores it learns the factor from the
        record. Unless a model knows better, it is the variance of the published law.
        """
        laws = self.quantiles(horizons)
        return law_variances(np.array([laws[horizon].quantiles for horizon in horizons]))

    def walk(self, candles: Candles, origins: Ints, horizons: tuple[Horizon, ...] = HORIZONS) -> tuple[Floats, Floats]:
        """Observe the candles and return the quantiles and variances at each origin on the way.

        Their shapes are (n_origins, n_horizons, 105) and (n_origins, n_horizons). They are what `observe` up to each origin, `quantiles` and
        `variances` there would give, bit for bit; a model that can do many origins at once overrides `_walk`. origins: ascending instants, each the close of one of the candles, or `as_of`. Ends having seen all the candles.
        """
        known = np.concatenate(([self.as_of], candles.closed_at))
        if np.any(np.diff(origins) <= 0) or not np.all(np.isin(origins, known, assume_unique=True)):
            raise InputError("A walk goes through ascending instants at which one of its candles closes.")
        if len(candles) and int(candles.opened_at[0]) < self.as_of:
            raise self._seen_already()
        said = self._walk(candles, origins, horizons)
        if len(candles):
            self.as_of, self.spot = candles.as_of, float(candles.close[-1])
        return said

    def paths(self, *, seed: int, n_paths: int = N_PATHS, n_steps: int = N_STEPS) -> Floats:
        """Return cumulative log returns from `spot` in five-minute steps, shape (n_paths, n_steps + 1), first column zero.

        They agree with `quantiles` at every horizon they reach, and the same state and seed give the same bits.
        """
        return self._paths(n_paths, n_steps, self._generator(seed, n_paths, n_steps))

    def price_paths(self, *, seed: int, n_paths: int = N_PATHS, n_steps: int = N_STEPS) -> NDArray[np.float32]:
        """Return the prices along the same paths as `paths` with this seed, steps first, shape (n_steps + 1, n_paths), float32.

        price = spot × exp(return), computed in float32. Steps come first because scores work step by step; a model that simulates so
        overrides `_paths_by_step` and spares the turning.
        """
        by_step = self._paths_by_step(n_paths, n_steps, self._generator(seed, n_paths, n_steps))
        prices = by_step.astype(np.float32, order="C")
        np.exp(prices, out=prices)
        prices *= np.float32(self.spot)
        return prices

    def health(self) -> Health:
        """Return the model's own measures of its condition, which the publish gate judges; neutral where it takes none."""
        return Health()

    def state(self) -> State:
        """Return everything that `from_state` needs to go on exactly from here."""
        own = {
            "as_of": np.int64(self.as_of),
            "trained_until": np.int64(self.trained_until),
            "spot": np.float64(self.spot),
        }
        return {
            **self._state(),
            **{key: np.asarray(value) for key, value in own.items()},
        }

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the model that `state` was taken from."""
        model = cls._from_state(state)
        model.as_of, model.trained_until = (
            int(state["as_of"]),
            int(state["trained_until"]),
        )
        model.spot = float(state["spot"])
        return model

    @classmethod
    def _begin(cls, model: Self, history: Candles, calendar: Calendar) -> Self:
        model.trained_until = model.as_of = history.as_of
        model.spot = float(history.close[-1])
        model.schedule(calendar)
        return model

    @classmethod
    def _refuse_too_little(cls, history: Candles) -> None:
        if len(history) < cls.min_candles:
            raise TooLittleHistoryError(model=cls.name, n_candles=len(history), n_needed=cls.min_candles)

    def _seen_already(self) -> ConflictError:
        return ConflictError(f"The model {self.name} has already seen candles up to {self.as_of}; these begin before that.")

    @staticmethod
    def _generator(seed: int, n_paths: int, n_steps: int) -> np.random.Generator:
        if not (2 <= n_paths <= 100_000 and 1 <= n_steps <= N_STEPS):
            raise InputError(f"Paths come by 2 to 100,000 and reach 1 to {N_STEPS} steps; asked for {n_paths} × {n_steps}.")
        return np.random.Generator(np.random.SFC64(seed))

    @classmethod
    def _fit_many(cls, history: Candles, instants: Sequence[int], calendar: Calendar) -> Iterator[Self]:
        for instant in instants:
            yield cls._fit_with(history.up_to(instant), calendar.known_at(instant))

    def _walk(self, candles: Candles, origins: Ints, horizons: tuple[Horizon, ...]) -> tuple[Floats, Floats]:
        """Do what `walk` says; as in `_observe`, `as_of` and `spot` belong to the candle before these and are kept by the caller."""
        quantiles = np.empty((len(origins), len(horizons), len(LEVELS)))
        variances = np.empty((len(origins), len(horizons)))
        seen = 0
        for i, row in enumerate(np.searchsorted(candles.closed_at, origins, side="right").tolist()):
            self.observe(candles[seen:row])
            seen = row
            laws = self.quantiles(horizons)
            for j, horizon in enumerate(horizons):
                quantiles[i, j] = laws[horizon].quantiles
            variances[i] = self.variances(horizons)
        self.observe(candles[seen:])
        return quantiles, variances

    def _paths_by_step(self, n_paths: int, n_steps: int, rng: np.random.Generator) -> NDArray[np.floating]:
        """Return what `_paths` does, turned: shape (n_steps + 1, n_paths)."""
        return self._paths(n_paths, n_steps, rng).T

    @classmethod
    def _fit_with(cls, history: Candles, calendar: Calendar) -> Self:  # noqa: ARG003  # for models that use it to override
        return cls._fit(history)

    @classmethod
    @abstractmethod
    def _fit(cls, history: Candles) -> Self: ...

    @abstractmethod
    def _observe(self, candles: Candles) -> None: ...

    @abstractmethod
    def _distribution(self, horizon: Horizon) -> Distribution: ...

    @abstractmethod
    def _paths(self, n_paths: int, n_steps: int, rng: np.random.Generator) -> Floats: ...

    @abstractmethod
    def _state(self) -> State: ...

    @classmethod
    @abstractmethod
    def _from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self: ...
