"""What a backtest is asked to do, checked against the candles before any work begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from btcforecast.core import BASE, HORIZONS, NO_EVENTS, Calendar, Candles, Horizon, Ints, to_rfc3339
from btcforecast.core.errors import InputError, TooLittleHistoryError
from btcforecast.engine.models.contract import Model

DAY_S: Final = 86400


@dataclass(frozen=True, slots=True)
class Plan:
    """A walk-forward over history.

    Forecasts are made at first_at, first_at + every_s, … before end_at. Models are fitted to the candles closed in
    (train_from, refit instant], anew every refit_every_s; or, where train_until is given, once on what had closed by then.
    n_paths: simulated paths scored at every origin, 0 for none. calendar: scheduled events; a model is told those announced by then.
    """

    first_at: int
    end_at: int
    every_s: int
    models: tuple[str, ...]
    horizons: tuple[Horizon, ...] = HORIZONS
    refit_every_s: int = 30 * DAY_S
    train_from: int | None = None
    train_until: int | None = None
    n_paths: int = 0
    seed: int = 0
    calendar: Calendar = NO_EVENTS

    def __post_init__(self) -> None:
        if self.first_at >= self.end_at:
            raise InputError(f"A backtest must begin before it ends; got {_span(self.first_at, self.end_at)}.")
        for name, seconds in (("every", self.every_s), ("refit-every", self.refit_every_s)):
            if seconds <= 0 or seconds % BASE.seconds:
                raise InputError(f"--{name} is a whole number of five-minute candles; {seconds} seconds is not.")
        if self.first_at % BASE.seconds:
            raise InputError(
                f"Forecasts are made when a five-minute candle closes; {to_rfc3339(self.first_at)} is not on that grid."
            )
        if self.refit_every_s < self.every_s:
            raise InputError("Models cannot be refitted more often than they forecast; raise --refit-every.")
        if not self.models or not self.horizons or len(set(self.models)) < len(self.models):
            raise InputError("Name at least one model and one horizon, each model once.")
        if self.train_until is not None and self.train_until > self.first_at:
            raise InputError(
                f"Training until {to_rfc3339(self.train_until)} would look past the first forecast at {to_rfc3339(self.first_at)}."
            )
        if not 0 <= self.seed < 2**63 or not (self.n_paths == 0 or 2 <= self.n_paths <= 100_000):
            raise InputError("The seed is a whole number from 0, and paths come by 2 to 100,000.")

    @property
    def origins(self) -> Ints:
        """Return the instants of all forecasts asked for, whether or not their candle exists."""
        return np.arange(self.first_at, self.end_at, self.every_s, dtype=np.int64)

    def pieces(self) -> Iterator[Piece]:
        """Yield the parts of the work, each independent of the others: one model over the span between two refits."""
        starts = range(self.first_at, self.end_at, self.refit_every_s)
        for model in self.models:
            for number, start in enumerate(starts):
                fit_until = start if self.train_until is None else self.train_until
                yield Piece(
                    model, number, fit_until=fit_until, first_at=start, end_at=min(start + self.refit_every_s, self.end_at)
                )

    def check(self, candles: Candles, classes: Mapping[str, type[Model]]) -> None:
        """Raise InputError where the candles cannot bear the plan."""
        if not len(candles) or self.first_at < int(candles.closed_at[0]) or self.first_at > candles.as_of:
            have = _span(int(candles.closed_at[0]), candles.as_of) if len(candles) else "nothing"
            raise InputError(f"The backtest is over {_span(self.first_at, self.end_at)}, but the candles cover {have}.")
        first_fit = min(piece.fit_until for piece in self.pieces())
        n_known = len(self.history(candles, first_fit))
        for name in self.models:
            needed = classes[name].min_candles
            if n_known < needed:
                raise TooLittleHistoryError(model=name, n_candles=n_known, n_needed=needed)
        if not len(self.present(candles)):
            raise InputError(f"No candle of the file closes at any of the {len(self.origins):,} instants to forecast from.")

    def history(self, candles: Candles, fit_until: int) -> Candles:
        """Return the candles that a fit at `fit_until` is given."""
        known = candles.up_to(fit_until)
        return known if self.train_from is None else known.since(self.train_from)

    def present(self, candles: Candles) -> Ints:
        """Return the origins whose own candle exists; the others are skipped, because there is no price to forecast from."""
        return np.intersect1d(self.origins, candles.closed_at, assume_unique=True)


def batches(pieces: Sequence[Piece], *, n_workers: int) -> list[tuple[Piece, ...]]:
    """Return the pieces in batches of neighbours of one model, enough of them to keep the workers busy; one worker gets whole models."""
    found = []
    for model in dict.fromkeys(piece.model for piece in pieces):
        own = [piece for piece in pieces if piece.model == model]
        size = -(-len(own) // n_workers)
        found += [tuple(own[begin : begin + size]) for begin in range(0, len(own), size)]
    return found


@dataclass(frozen=True, slots=True)
class Piece:
    """One model over the origins in [first_at, end_at), fitted once on what had closed by fit_until."""

    model: str
    number: int
    fit_until: int
    first_at: int
    end_at: int


def _span(start: int, end: int) -> str:
    return f"{to_rfc3339(start)} to {to_rfc3339(end)}"
