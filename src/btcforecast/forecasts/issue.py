"""Issue: what every model says at one instant, computed from the store, the model registry and nothing else."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
import structlog

from btcforecast.core import HORIZONS, NO_EVENTS, Calendar, Candles, Clock, Forecast, Horizon, Origin, Series, to_rfc3339
from btcforecast.core.errors import BtcForecastError, InputError, UnavailableError
from btcforecast.engine.calibration.health import Health
from btcforecast.engine.models.contract import N_PATHS, Model
from btcforecast.forecasts.calendar import digest_of, known_calendar
from btcforecast.forecasts.paths import Paths, simulate
from btcforecast.forecasts.roles import Roles
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import Database
from btcforecast.store.forecasts import Role

NO_VERSION: Final = "It has no usable version."
_BORROWED_WITHIN_S: Final = 86400
log: Final = structlog.get_logger()


class Version(Protocol):
    """What issuing needs to know of a fitted model version."""

    @property
    def name(self) -> str:
        """Return the version's name, unique over all models."""
        ...

    @property
    def trained_until(self) -> int:
        """Return the close of the newest candle that the fit saw."""
        ...


class Versions(Protocol):
    """Where fitted model versions come from: the model registry."""

    def newest(self, model: str, series: Series, *, trained_by: int | None = None) -> Version | None:
        """Return the newest version whose fit saw nothing after `trained_by`, or None."""
        ...

    def load(self, version_name: str) -> Model:
        """Return the fitted model as it was saved."""
        ...


@dataclass(frozen=True, slots=True)
class Issued:
    """The forecasts of one cycle, not yet sealed. known_at: the candles were read as the store stood at that instant.

    forecasts: the champion's first, where it has one. paths: by model, of those that may be served. roles: None for as the
    forecasts say. healths: what models say of themselves. failures: why a model has no forecast, as a sentence.
    """

    series: Series
    as_of: int
    origin: Origin
    known_at: int
    forecasts: tuple[tuple[Forecast, Role], ...]
    borrowed_from: tuple[str, ...]
    paths: Paths | None
    spare_paths: Paths | None = None
    roles: Roles | None = None
    healths: Mapping[str, Health] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def champion(self) -> Forecast:
        """Return the champion's forecast; where it has none, that of the model which stands in for it."""
        return self.forecasts[0][0]


@dataclass(slots=True)
class _Warm:
    version: str
    model: Model
    seen: Candles
    told: Calendar


class Issuer:
    """Computes forecasts and keeps each model warm between cycles, so that a candle is observed once.

    A warm model gives the same bits as one loaded anew: it goes on only while the candles that it has seen since its fit are
    exactly those that the store holds now, and starts again from disk when one was revised or filled in behind it. So it does when
    the calendar of scheduled events changed, whose past is part of what it has seen.
    One instance serves one caller at a time.
    """

    def __init__(
        self, versions: Versions, roles: Roles, *, horizons: Sequence[Horizon] = HORIZONS, n_paths: int = N_PATHS
    ) -> None:
        self._versions = versions
        self.roles = roles
        """Whoever promotes a model changes them between cycles."""
        self._horizons = tuple(horizons)
        self._n_paths = n_paths
        self._warm: dict[tuple[Series, str], _Warm] = {}

    def chosen(self, series: Series, *, as_of: int) -> dict[str, Version]:
        """Return the version of each model to use at `as_of`; a model without one is left out and logged.

        Raises UnavailableError when neither the champion nor its fallback has any.
        """
        found: dict[str, Version] = {}
        for model in self.roles.models:
            version = self._versions.newest(model, series, trained_by=as_of)
            if version is not None:
                found[model] = version
            else:
                log.warning("forecast.model_skipped", model=model, series=str(series), reason="no usable version")
        if self.roles.champion not in found and self.roles.stand_in not in found:
            raise UnavailableError(
                f"The champion {self.roles.champion} has no usable version for {series} trained by {to_rfc3339(as_of)}. "
                f"Fit one with: btcforecast fit --until {to_rfc3339(as_of)}",
            )
        return found

    def compute(
        self,
        chosen: Mapping[str, Version],
        candles: Candles,
        *,
        series: Series,
        as_of: int,
        origin: Origin,
        known_at: int,
        calendar: Calendar = NO_EVENTS,
        borrowed_from: Sequence[str] = (),
        with_paths: bool = True,
    ) -> Issued:
        """Return the forecasts at `as_of`. candles: at least all that opened since the oldest chosen version's fit.

        calendar: the scheduled events; models are told of those that were announced by `as_of`.

        A model that fails is left out, logged, and named among the failures. Raises UnavailableError when neither the champion nor
        its fallback has a forecast.
        """
        told = calendar.known_at(as_of)
        calendar_digest = digest_of(told)
        digests: dict[int, str] = {}
        forecasts: list[tuple[Forecast, Role]] = []
        paths: dict[str, Paths] = {}
        healths: dict[str, Health] = {}
        failures = {model: NO_VERSION for model in self.roles.models if model not in chosen}
        for name, version in chosen.items():
            role = self.roles.of(name)
            try:
                after_fit = candles.since(version.trained_until).up_to(as_of)
                model = self._brought_to(name, version, after_fit, told, series=series, as_of=as_of)
                # Models fitted together have seen the same candles since.
                digest = digests.get(version.trained_until) or after_fit.digest()
                digests[version.trained_until] = digest
                forecast = Forecast(
                    series=series,
                    model=name,
                    model_version=version.name,
                    as_of=as_of,
                    spot=model.spot,
                    distributions=model.quantiles(self._horizons),
                    seed=seed_of(series, as_of),
                    data_digest=digest,
                    origin=origin,
                    calendar_digest=calendar_digest,
                )
                healths[name] = model.health()
                if with_paths and role in (Role.CHAMPION, Role.FALLBACK):
                    paths[name] = simulate(model, forecast, n_paths=self._n_paths)
            except Exception as e:  # noqa: BLE001  # whatever a model raises, the others go on
                failures[name] = _sentence(e)
                log.warning("forecast.model_skipped", model=name, series=str(series), reason=failures[name])
                continue
            forecasts.append((forecast, role))
        if not forecasts or forecasts[0][1] not in (Role.CHAMPION, Role.FALLBACK):
            raise UnavailableError(f"The champion {self.roles.champion} cannot forecast: {failures[self.roles.champion]}")
        leading, stand_in = forecasts[0][0].model, self.roles.stand_in
        return Issued(
            series,
            as_of,
            origin,
            known_at,
            tuple(forecasts),
            tuple(borrowed_from),
            paths.get(leading),
            spare_paths=paths.get(stand_in) if stand_in is not None and stand_in != leading else None,
            roles=self.roles,
            healths=healths,
            failures=failures,
        )

    def _brought_to(
        self, name: str, version: Version, after_fit: Candles, told: Calendar, *, series: Series, as_of: int
    ) -> Model:
        # Taken out while it is being moved: a model that failed halfway must not be found again.
        warm = self._warm.pop((series, name), None)
        is_same = warm is not None and warm.version == version.name and warm.told == told and _begins_with(after_fit, warm.seen)
        if warm is None or not is_same:
            warm = _Warm(version.name, self._versions.load(version.name), Candles.empty(), told)
            warm.model.schedule(told)
        model = warm.model
        model.observe(after_fit[len(warm.seen) :])
        if model.as_of != as_of:
            raise UnavailableError(
                f"{series} has no candle that closed at {to_rfc3339(as_of)}; the newest one closed at {to_rfc3339(model.as_of)}.",
            )
        self._warm[series, name] = _Warm(version.name, model, after_fit, told)
        return model


async def issue(
    database: Database,
    issuer: Issuer,
    *,
    series: Series,
    as_of: int,
    clock: Clock,
    origin: Origin = Origin.LIVE,
    with_paths: bool = True,
) -> Issued:
    """Return the forecasts of all models at `as_of`, computed from the store as it stands now.

    Raises UnavailableError when the candle that closed at `as_of` is not there (yet), or neither the champion nor its fallback has a
    forecast.
    """
    if as_of > clock.now():
        raise InputError(f"A forecast at {to_rfc3339(as_of)} would be one from the future.")
    chosen = await asyncio.to_thread(issuer.chosen, series, as_of=as_of)
    known_at = clock.now()
    candles, borrowed_from = await read_candles(database, chosen, series=series, as_of=as_of, known_at=known_at)
    calendar = await known_calendar(database, known_at=known_at)
    return await asyncio.to_thread(
        issuer.compute,
        chosen,
        candles,
        series=series,
        as_of=as_of,
        origin=origin,
        known_at=known_at,
        calendar=calendar,
        borrowed_from=borrowed_from,
        with_paths=with_paths,
    )


async def read_candles(
    database: Database, chosen: Mapping[str, Version], *, series: Series, as_of: int, known_at: int | None
) -> tuple[Candles, tuple[str, ...]]:
    """Return the candles that the chosen versions have not seen yet, up to `as_of`, and the venues that lent recent ones.

    Raises UnavailableError when the newest one is missing.
    """
    opened_from = min([as_of - 300, *(version.trained_until for version in chosen.values())])
    async with database.read() as connection:
        store = CandleStore(connection)
        candles = await store.read(series, opened_from=opened_from, opened_before=as_of, known_at=known_at)
        lenders = await store.borrowed(series, opened_from=as_of - _BORROWED_WITHIN_S, opened_before=as_of)
    if not len(candles) or candles.as_of != as_of:
        raise UnavailableError(
            f"{series} has no candle that closed at {to_rfc3339(as_of)}; ingest it, or choose another instant."
        )
    return candles, tuple(sorted({lender.venue for lender in lenders}))


def seed_of(series: Series, as_of: int) -> int:
    """Return the seed of every path simulated for that series at that instant: 48 bits that nobody chose."""
    return int.from_bytes(hashlib.sha256(f"{series}|{to_rfc3339(as_of)}".encode()).digest()[:6])


def _sentence(error: Exception) -> str:
    """Return why a model failed; what it raised on purpose is a sentence already."""
    return str(error) if isinstance(error, BtcForecastError) else f"It failed with {type(error).__name__}: {error}."


def _begins_with(candles: Candles, first: Candles) -> bool:
    n = len(first)
    return n <= len(candles) and all(
        np.array_equal(getattr(candles, name)[:n], getattr(first, name))
        for name in ("opened_at", "open", "high", "low", "close", "volume")
    )
