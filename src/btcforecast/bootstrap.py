"""The only place that chooses concrete classes for what the settings ask."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from btcforecast.accounts.encryption.secret_key import load_or_create_secret_key
from btcforecast.accounts.encryption.vault import Vault
from btcforecast.accounts.identity import Identity
from btcforecast.accounts.login.passwords import Passwords
from btcforecast.accounts.login.tokens import Tokens
from btcforecast.core import Clock, parse_span
from btcforecast.core.errors import InputError, SettingsError
from btcforecast.engine.models.catalogue import load_model
from btcforecast.forecasts.ledger import Signer
from btcforecast.forecasts.registry import ModelRegistry
from btcforecast.forecasts.roles import Roles
from btcforecast.market.venue import Venue
from btcforecast.market.venues import open_venues as by_name
from btcforecast.settings import Settings
from btcforecast.store.database import Database


def open_database(settings: Settings) -> Database:
    """Return the database that the settings name; the caller closes it."""
    return Database(settings.database_url, pool_size=settings.database_pool_size)


def open_signer(settings: Settings) -> Signer:
    """Return the service's signing key; outside production it is made now where there is none yet.

    In production a missing key is more likely a missing mount than a first start, and a new one would end the record's identity.
    """
    if not settings.defaults.makes_keys:
        return Signer.load(settings.signing_key_file)
    return Signer.load_or_create(settings.signing_key_file)


def open_vault(settings: Settings) -> Vault:
    """Return the keys that SECRET_KEY protects, to be loaded; outside production a key of its own is made in SECRET_KEY_FILE."""
    key = settings.secret_key.get_secret_value()
    if not key:
        # A strict environment without one has been refused before.
        key = load_or_create_secret_key(settings.secret_key_file)
    return Vault(key, settings.secret_key_previous.get_secret_value())


def open_identity(settings: Settings, database: Database) -> Identity:
    """Return what log-ins need; its vault must be loaded before use."""
    vault = open_vault(settings)
    return Identity(
        database=database,
        vault=vault,
        passwords=Passwords(breached=Path(settings.breached_passwords_file) if settings.breached_passwords_file else None),
        tokens=Tokens(vault, issuer=settings.public_url, lifetime_s=parse_span(settings.access_token_lifetime)),
        public_url=settings.public_url,
        sends_mail=bool(settings.mail_address),
        refresh_lifetime_s=parse_span(settings.refresh_token_lifetime),
        session_lifetime_s=parse_span(settings.session_lifetime),
    )


def open_registry(settings: Settings) -> ModelRegistry:
    """Return the folder of model versions."""
    return ModelRegistry(settings.model_path, open_signer(settings))


def open_roles(settings: Settings) -> Roles:
    """Return the models that the settings name; raises SettingsError where one cannot be loaded."""
    named = {
        "CHAMPION": (settings.champion,),
        "FALLBACK": (settings.fallback,) if settings.fallback else (),
        "CHALLENGERS": settings.challengers,
        "BASELINES": settings.baselines,
    }
    for name, models in named.items():
        for model in models:
            try:
                load_model(model)
            except InputError as e:
                raise SettingsError(f"{name}: {e}") from e
    return settings.roles


def open_venues(settings: Settings, names: Iterable[str], clock: Clock) -> tuple[Venue, ...]:
    """Return the venues of those names in order; the caller closes them. Nothing is asked before the first call."""
    return by_name(names, clock=clock, addresses=settings.venue_urls, simulated_seed=settings.simulated_seed)
