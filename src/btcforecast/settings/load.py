"""Settings from the environment, or what is wrong with it in sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError as PydanticSettingsError

from btcforecast.core.errors import SettingsError
from btcforecast.settings.model import Settings

_SECRET: Final = ("DATABASE_URL", "MAIL_URL", "RATE_LIMIT_STORE", "SECRET_KEY", "SECRET_KEY_PREVIOUS")
"""Their values are never shown."""


def load_settings(overrides: Mapping[str, object] | None = None) -> Settings:
    """Return the settings in force; raises SettingsError with one line for each variable that cannot be used."""
    try:
        return Settings(**dict(overrides or {}))  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as e:
        # A default that follows from another setting is not at fault where that one is.
        faults = [fault for fault in e.errors() if fault["type"] != "default_factory_not_called"]
        raise SettingsError("\n".join(map(_line, faults))) from e
    except PydanticSettingsError as e:
        # The library's message names the field and leaves its value out.
        name = re.search(r'"(\w+)"', str(e))
        raise SettingsError(f"{name[1].upper() if name else 'A setting'}: its value is not JSON.") from e


def _line(fault: ErrorDetails) -> str:
    sentence = fault["msg"].removeprefix("Value error, ")
    if not fault["loc"]:
        return sentence
    name = str(fault["loc"][0]).upper()
    # Our own sentences quote the value already; an address of a database may hold a password.
    if fault["type"] == "value_error" or name in _SECRET:
        return f"{name}: {sentence}"
    return f"{name}: “{fault['input']}” cannot be used. {sentence}."
