"""Find a model by its name: built in, installed by someone else, or written as `package.module:Class`."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Final

from btcforecast.core.errors import InputError
from btcforecast.engine.models.contract import Model

ENTRY_POINTS: Final = "btcforecast.models"
"""The entry point group under which other packages offer models."""

# Modules are imported when a model is asked for: GARCH alone brings pandas and a second of start-up.
_BUILT_IN: Final = {
    "random_walk": "btcforecast.engine.models.random_walk:RandomWalk",
    "ewma": "btcforecast.engine.models.ewma:EwmaVolatility",
    "garch": "btcforecast.engine.models.garch:GarchVolatility",
    "day_paths": "btcforecast.engine.models.day_paths:DayPaths",
    "log_har": "btcforecast.engine.models.log_har:LogHarVolatility",
    "multiscale": "btcforecast.engine.models.multiscale:MultiScaleVolatility",
}


def model_names() -> tuple[str, ...]:
    """Return the names that `load_model` knows: the built-in ones, then those that installed packages offer."""
    offered = sorted({point.name for point in entry_points(group=ENTRY_POINTS)} - set(_BUILT_IN))
    return (*_BUILT_IN, *offered)


def load_model(name: str) -> type[Model]:
    """Return the model class of that name; raises InputError when there is none or it is not a model."""
    address = _BUILT_IN.get(name) or _offered(name) or (name if ":" in name else None)
    if address is None:
        raise InputError(f"There is no model “{name}”. Known are {', '.join(model_names())}; or write package.module:Class.")
    module, _, attribute = address.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as e:
        raise InputError(f"The model “{name}” cannot be loaded from {address}: {e}") from e
    if not (isinstance(found, type) and issubclass(found, Model)):
        raise InputError(f"{address} is not a subclass of btcforecast.engine.models.contract.Model.")
    return found


def _offered(name: str) -> str | None:
    for point in entry_points(group=ENTRY_POINTS, name=name):
        return point.value
    return None
