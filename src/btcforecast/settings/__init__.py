"""The environment, read once into frozen settings that refuse what is unsafe.

`model` has every variable, `environments` what each environment means, `production` what production refuses.
"""

from btcforecast.settings.environments import ENVIRONMENTS, Environment, EnvironmentName, HttpBounds
from btcforecast.settings.load import load_settings
from btcforecast.settings.model import MIB, Settings

__all__ = ["ENVIRONMENTS", "MIB", "Environment", "EnvironmentName", "HttpBounds", "Settings", "load_settings"]
