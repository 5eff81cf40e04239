"""Every variable of the environment, checked.

Every field is an environment variable of the same name in capitals, also read from `.env`. A value that cannot be used is
answered with the variable's name, what was found and what to write instead.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from btcforecast.accounts.mail.route import route_of, sender_of
from btcforecast.core import BASE, Series, parse_span
from btcforecast.core.errors import BtcForecastError
from btcforecast.engine.calibration.gate import GateLimits
from btcforecast.engine.calibration.promotion import PromotionLimits
from btcforecast.forecasts.roles import Roles
from btcforecast.settings.checks import Address, CommaList, Hosts, Networks, Origins, Rate, Store
from btcforecast.settings.environments import ENVIRONMENTS, Environment, EnvironmentName
from btcforecast.settings.production import doubts, refusals

MIB: Final = 1024 * 1024
_LIFETIMES: Final = {
    "access_token_lifetime": ("1m", "1h"),
    "refresh_token_lifetime": ("1h", "90d"),
    "session_lifetime": ("1h", "365d"),
}
_CONTACT: Final = re.compile(r"(mailto:[^\s@]+@[^\s@]+|https://[^\s/]+(/\S*)?)")
_DATABASE: Final = re.compile(r"(postgres(ql)?(\+psycopg)?://|sqlite(\+aiosqlite)?://)")


class Settings(BaseSettings):
    """What the operator decided. Spans of time are written like 5m, 1h or 30d."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    environment: EnvironmentName = Field(
        "development", description="development, staging, production or test; sets the defaults below."
    )
    database_url: str = Field(
        "sqlite:///var/btcforecast.db",
        description="postgresql://user:password@host/name, or sqlite:///path/file.db.",
    )
    allow_sqlite_in_production: bool = Field(default=False, description="Say true to run production on SQLite all the same.")
    database_pool_size: int = Field(
        5, ge=1, le=100, description="Connections that a process keeps open; as many again in a rush."
    )
    model_path: Path = Field(Path("var/models"), description="Folder of the fitted model versions.")
    signing_key_file: Path = Field(
        Path("var/signing.key"),
        description="The Ed25519 key that signs ledger checkpoints and model versions; made at first start outside production.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_format: Literal["json", "console"] = Field("json", description="json for machines, console for a person's terminal.")

    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Protects the keys that sign tokens and encrypt data: 32 random characters or more, from `btcforecast keys secret`.",
    )
    secret_key_previous: SecretStr = Field(
        SecretStr(""), description="The SECRET_KEY before, for one start after it was changed; nobody is logged out."
    )
    secret_key_file: Path = Field(
        Path("var/secret.key"), description="Holds a key of its own in development, where SECRET_KEY is not set."
    )
    create_default_users: bool = Field(
        default=False,
        description="Say true in development to have one person of each role, with passwords that everybody can read.",
    )
    registration: Literal["open", "closed"] = Field("open", description="closed: only administrators add people.")
    access_token_lifetime: str = Field("10m", description="How long an access token counts, from 1m to 1h.")
    refresh_token_lifetime: str = Field("14d", description="How long a log-in lasts that is not used, from 1h to 90d.")
    session_lifetime: str = Field("90d", description="How long a log-in lasts at most, up to 365d.")
    breached_passwords_file: str = Field(
        "",
        description="Sorted list of SHA-1 hashes of passwords that were leaked, refused beside the common ones; empty for none. docs/accounts.md.",
    )
    mail_url: str | None = Field(
        None,
        description="smtp://user:password@host:587, smtps://…, or file:folder; empty for no mail. file:var/mail in development.",
    )
    mail_from: str = Field("btcforecast <noreply@localhost>", description="The sender of mail.")
    security_contact: CommaList = Field(
        (), description="Where weaknesses are reported: mailto: and https:// addresses for /.well-known/security.txt."
    )

    host: str = Field("127.0.0.1", description="Address on which the API and the page are served.")
    port: int = Field(8000, ge=0, le=65535, description="Port on which the API and the page are served.")
    public_url: Address = Field(
        default_factory=lambda earlier: f"http://127.0.0.1:{earlier.get('port') or 8000}",
        description="The address at which people reach the page; links in mail, tokens and passkeys are bound to it, in every process alike. On this machine by default.",
    )
    web_processes: int = Field(
        1, ge=1, le=64, description="Web processes that `btcforecast serve` runs on the port; more than 1 need RATE_LIMIT_STORE."
    )
    allowed_hosts: Hosts = Field(
        (),
        description="More names under which the service answers, beside those of PUBLIC_URL, HOST and this machine's own. docs/limits.md.",
    )
    cors_origins: Origins = Field((), description="Origins whose pages may read the API, as a comma list or a JSON list.")
    trusted_proxies: CommaList = Field((), description="Addresses of proxies whose X-Forwarded-For is believed.")
    rate_limit: Rate = Field(
        "600/minute", description="What one client address may spend, such as 600/minute; most requests cost 1. docs/limits.md."
    )
    rate_limit_store: Store = Field(
        "",
        description="redis://:password@host:6379/0, rediss:// or valkey://: where several web processes share what was spent; empty for none.",
    )
    max_body_bytes: int = Field(MIB, ge=1024, description="Largest request body that is read.")
    upload_max_bytes: int = Field(64 * MIB, ge=1024, description="Largest candle file that operators may upload, as it is sent.")
    outgoing_networks: Networks = Field(
        (), description="Networks that addresses from users may lead to, beside all public ones. docs/outgoing.md."
    )
    metrics_port: int = Field(
        0, ge=0, le=65535, description="Port on which the worker shows its metrics on loopback; 0 for none."
    )

    worker_name: str = Field(
        default_factory=socket.gethostname,
        max_length=64,
        description="Name of this worker; workers that share a database need different ones. The machine's name by default.",
    )
    replay_at_start: str = Field(
        "7d", description="How much history is replayed at first start, so that there is a record to look at."
    )

    market: Literal["auto", "live", "simulated"] = Field(
        "auto",
        description="live: exchanges only; simulated: the generator; auto: exchanges, or the generator where none answers at first start.",
    )
    symbol: str = Field("BTC/USD", description="What is forecast, base and quote.")
    venues: CommaList = Field(
        ("coinbase", "kraken", "bitstamp", "binance", "okx"),
        description="Exchanges in order: the first is forecast, the others stand in when it is away.",
    )
    venue_urls: dict[str, str] = Field(
        {},
        description='Other addresses for exchanges, as JSON such as {"kraken": "https://proxy.example"}.',
    )
    simulated_seed: int = Field(1, ge=0, description="Seed of the simulated market.")
    history: str = Field("400d", description="How much history is fetched at first start.")

    issue_every: str = Field("1h", description="How often forecasts are issued.")
    issue_grace: str = Field(
        "10m", description="How long after its instant a forecast may still be sealed; later it is a missed cycle."
    )
    refit_every: str = Field("1d", description="How often models are fitted anew.")
    champion: str = Field("multiscale", description="The model whose forecasts are published.")
    fallback: str = Field(
        "day_paths", description="The model that is served when the champion must not be; empty for none. docs/gate.md."
    )
    challengers: CommaList = Field(
        ("log_har",),
        description="Models that run beside the champion, sealed and settled alike, and may be promoted. docs/promotion.md.",
    )
    baselines: CommaList = Field(("random_walk", "ewma", "garch"), description="The models that it is compared with, every time.")
    promotion_window: str = Field("30d", description="Over how long a challenger is compared with the champion.")
    promote_automatically: bool = Field(
        default=False, description="Say true to let the worker promote, once a day, a challenger that meets the rule."
    )
    gate_newest_candle: str = Field("10m", description="The oldest that the newest candle may be when forecasts are published.")
    gate_missing_of_12: int = Field(2, ge=0, le=12, description="How many of the last 12 candles may be missing.")
    gate_missing_percent: float = Field(
        5.0, ge=0, le=100, description="How many percent of the last day's candles may be missing."
    )
    gate_spike: float = Field(50.0, gt=1, description="How many times the week's median return the newest candle may have moved.")
    gate_scale_ratio: float = Field(
        6.0, gt=1, description="A model's scale may be at most so many times its 90-day mean, and at least 1 ÷ so many."
    )
    gate_tracking: float = Field(0.35, gt=0, description="How far recalibration may have moved a width, as a logarithm.")
    gate_score_window: str = Field("14d", description="Over how long the champion's score is compared with fallback and GARCH.")
    gate_demote_to_fallback: float = Field(1.005, gt=0, description="Demoted when its score is more than this of the fallback's.")
    gate_demote_to_garch: float = Field(1.0, gt=0, description="Demoted when its score is more than this of GARCH's.")
    gate_recover_to_fallback: float = Field(1.0, gt=0, description="Back when its score is at most this of the fallback's.")
    gate_recover_to_garch: float = Field(0.995, gt=0, description="Back when its score is at most this of GARCH's, too.")
    gate_coverage_1h: CommaList = Field(("87", "93"), description="Band of the observed 90 % coverage at 1 h, in percent.")
    gate_coverage_4h: CommaList = Field(("86", "94"), description="The same at 4 h.")
    gate_coverage_24h: CommaList = Field(("86", "94"), description="The same at 24 h.")
    gate_coverage_window: str = Field("30d", description="Over how long coverage at 1 h and 4 h is measured.")
    gate_coverage_24h_window: str = Field("90d", description="Over how long coverage at 24 h is measured.")
    gate_recovery: str = Field("1d", description="For how long every band must have held before a suspension ends.")
    gate_min_share: float = Field(
        0.8, gt=0, le=1, description="Share of a window that must hold settled forecasts before its statistics are judged."
    )
    calendar_file: str = Field(
        "",
        description="CSV file of scheduled events, read again when it changes; empty for a calendar kept by commands, or none.",
    )
    paths_kept: str = Field("2d", description="How long simulated paths are kept ready; older ones can be recomputed.")

    @field_validator(
        "history",
        "issue_every",
        "issue_grace",
        "refit_every",
        "paths_kept",
        "replay_at_start",
        "promotion_window",
        "gate_newest_candle",
        "gate_score_window",
        "gate_coverage_window",
        "gate_coverage_24h_window",
        "gate_recovery",
        "access_token_lifetime",
        "refresh_token_lifetime",
        "session_lifetime",
    )
    @classmethod
    def _is_span(cls, value: str) -> str:
        return _sentence(parse_span, value)

    @field_validator("issue_every")
    @classmethod
    def _divides_a_day(cls, value: str) -> str:
        if parse_span(value) % BASE.seconds or 86400 % parse_span(value):
            message = f"“{value}” does not divide a day into five-minute candles; use 5m, 15m, 1h, 4h or 1d."
            raise ValueError(message)
        return value

    @field_validator("gate_coverage_1h", "gate_coverage_4h", "gate_coverage_24h")
    @classmethod
    def _is_band(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            low, high = _band(value)
        except ValueError:
            low, high = 1.0, 0.0
        if not 0 <= low < high <= 100:
            message = f"“{','.join(value)}” is not a band; write two percentages, such as 87,93."
            raise ValueError(message)
        return value

    @field_validator("access_token_lifetime", "refresh_token_lifetime", "session_lifetime")
    @classmethod
    def _is_bounded(cls, value: str, info: ValidationInfo) -> str:
        shortest, longest = _LIFETIMES[info.field_name or ""]
        if not parse_span(shortest) <= parse_span(value) <= parse_span(longest):
            message = f"“{value}” is not from {shortest} to {longest}."
            raise ValueError(message)
        return value

    @field_validator("mail_url")
    @classmethod
    def _is_mail(cls, value: str | None) -> str | None:
        return None if value is None else _sentence(route_of, value)

    @field_validator("mail_from")
    @classmethod
    def _is_sender(cls, value: str) -> str:
        return _sentence(sender_of, value)

    @field_validator("symbol")
    @classmethod
    def _is_symbol(cls, value: str) -> str:
        return _sentence(lambda symbol: Series("venue", symbol), value)

    @field_validator("venues")
    @classmethod
    def _are_venues(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            message = "there must be at least one, such as coinbase,kraken."
            raise ValueError(message)
        for name in value:
            _sentence(lambda venue: Series(venue, "BTC/USD"), name)
        return value

    @field_validator("database_url")
    @classmethod
    def _is_database(cls, value: str) -> str:
        if _DATABASE.match(value) is None:
            message = "must begin with postgresql://, postgres:// or sqlite:///."
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if parse_span(self.issue_grace) >= 3600:
            message = "ISSUE_GRACE must be shorter than an hour, the first target of a forecast."
            raise ValueError(message)
        if self.gate_recover_to_fallback > self.gate_demote_to_fallback or self.gate_recover_to_garch > self.gate_demote_to_garch:
            message = (
                "GATE_RECOVER_TO_… must not be above GATE_DEMOTE_TO_…: the way back asks for at least as much as the way there."
            )
            raise ValueError(message)
        if self.champion in self.baselines:
            message = f"CHAMPION “{self.champion}” is also among BASELINES; compare it with others."
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        # The environment's own row says whether anybody depends on it.
        faults = list(refusals(self)) if ENVIRONMENTS[self.environment].is_strict else []
        if self.create_default_users and not ENVIRONMENTS[self.environment].may_have_default_users:
            faults.append(
                f"CREATE_DEFAULT_USERS is true in {self.environment}, where nobody may have a known password; leave it out."
            )
        if faults:
            raise ValueError("\n".join(faults))
        return self

    @property
    def defaults(self) -> Environment:
        """Return what follows from ENVIRONMENT alone."""
        return ENVIRONMENTS[self.environment]

    @property
    def doubts(self) -> tuple[tuple[str, str, str], ...]:
        """Return what is allowed here and unwise: name, what was found, remedy. Told at every start."""
        return tuple(doubts(self)) if self.defaults.is_strict else ()

    @property
    def mail_address(self) -> str:
        """Return where mail goes: MAIL_URL, or what the environment says; empty for nowhere."""
        return self.defaults.mail_url if self.mail_url is None else self.mail_url

    @property
    def calendar_path(self) -> Path | None:
        """Return the calendar's file, or None where none is set."""
        return Path(self.calendar_file) if self.calendar_file else None

    @property
    def roles(self) -> Roles:
        """Return what the models are while nothing has been promoted."""
        return Roles(self.champion, self.baselines, self.fallback or None, self.challengers)

    @property
    def promotion_limits(self) -> PromotionLimits:
        """Return what a promotion rests on."""
        return PromotionLimits(window_s=parse_span(self.promotion_window), min_share=self.gate_min_share)

    @property
    def gate_limits(self) -> GateLimits:
        """Return the limits of the publish gate."""
        return GateLimits(
            newest_candle_s=parse_span(self.gate_newest_candle),
            missing_of_12=self.gate_missing_of_12,
            missing_percent_of_day=self.gate_missing_percent,
            spike=self.gate_spike,
            scale_ratio=self.gate_scale_ratio,
            tracking=self.gate_tracking,
            score_window_s=parse_span(self.gate_score_window),
            demote_to_fallback=self.gate_demote_to_fallback,
            demote_to_garch=self.gate_demote_to_garch,
            recover_to_fallback=self.gate_recover_to_fallback,
            recover_to_garch=self.gate_recover_to_garch,
            coverage_window_s=parse_span(self.gate_coverage_window),
            coverage_24h_window_s=parse_span(self.gate_coverage_24h_window),
            recovery_s=parse_span(self.gate_recovery),
            min_share=self.gate_min_share,
            coverage_1h=_band(self.gate_coverage_1h),
            coverage_4h=_band(self.gate_coverage_4h),
            coverage_24h=_band(self.gate_coverage_24h),
        )

    @property
    def series(self) -> Series:
        """Return what is forecast on exchanges."""
        return Series(self.venues[0], self.symbol)


def _band(percents: tuple[str, ...]) -> tuple[float, float]:
    """Return the two ends of a band; raises ValueError unless there are two numbers."""
    low, high = map(float, percents)
    return low, high


def _sentence(check: Callable[[str], object], value: str) -> str:
    """Return the value when the check takes it; else say the check's own sentence."""
    try:
        check(value)
    except BtcForecastError as e:
        raise ValueError(str(e)) from e
    return value
