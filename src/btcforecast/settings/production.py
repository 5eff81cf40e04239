"""What a strict environment refuses to start with, and what it starts with and tells, each with what to write instead."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from btcforecast.accounts.encryption.secret_key import weakness

if TYPE_CHECKING:
    from btcforecast.settings.model import Settings

_OWN: Final = tuple(
    map(ipaddress.ip_network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "::/127", "fe80::/10", "fd00:ec2::/32"))
)
"""This machine, and the link on which clouds hand out credentials."""


def refusals(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each setting that is unsafe where people depend on the service."""
    where = settings.environment
    if settings.database_url.startswith("sqlite") and not settings.allow_sqlite_in_production:
        yield f"DATABASE_URL is SQLite in {where}; give a postgresql:// address, or set ALLOW_SQLITE_IN_PRODUCTION=true."
    for origin in settings.cors_origins:
        if not origin.startswith("https://"):
            yield f"CORS_ORIGINS holds “{origin}” in {where}; name whole https:// origins, never *."
    if settings.web_processes > 1 and not settings.rate_limit_store:
        yield (
            f"WEB_PROCESSES is {settings.web_processes} in {where} without RATE_LIMIT_STORE, so that each would count requests for itself; "
            "give a redis:// address."
        )
    yield from _ways_inwards(settings)
    if settings.market == "auto":
        yield f"MARKET is auto in {where}, where generated prices could stand in for real ones; say live or simulated."
    for name, key in (("SECRET_KEY", settings.secret_key), ("SECRET_KEY_PREVIOUS", settings.secret_key_previous)):
        fault = weakness(key.get_secret_value())
        if fault is not None and (key or name == "SECRET_KEY"):
            yield f"{name} {fault}; make a good one with: btcforecast keys secret"
    if not settings.public_url.startswith("https://"):
        yield f"PUBLIC_URL is “{settings.public_url}” in {where}; give the https:// address at which people reach the page."


def _ways_inwards(settings: Settings) -> Iterator[str]:
    for text in settings.outgoing_networks:
        network = ipaddress.ip_network(text)
        if any(network.version == own.version and network.overlaps(own) for own in _OWN):
            yield (
                f"OUTGOING_NETWORKS holds {text} in {settings.environment}, through which users reach this machine or the secrets of its cloud; "
                "name only networks of machines that expect them."
            )


def doubts(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Yield name, what was found and a remedy for each setting that is allowed and unwise where people depend on the service."""
    if settings.log_level == "DEBUG":
        found = f"DEBUG in {settings.environment}, which fills disks and may show what people send;"
        yield "LOG_LEVEL", found, "set INFO or WARNING."
    if not settings.security_contact:
        yield (
            "SECURITY_CONTACT",
            "names nobody, so that who finds a weakness cannot tell you;",
            "give mailto: or https:// addresses.",
        )
