"""What each environment means: the one table of safe defaults (ENV-4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

EnvironmentName = Literal["development", "staging", "production", "test"]


@dataclass(frozen=True, slots=True)
class Environment:
    """What follows from ENVIRONMENT alone."""

    is_strict: bool
    """Refuses unsafe settings at start (`production.refusals`)."""
    has_tls: bool
    """Is reached by TLS only: cookies are Secure and named __Host-, PUBLIC_URL is https://."""
    hsts: bool
    """Promises browsers to be reached by TLS for ever."""
    shows_detail: bool
    """Tells everybody the version, and reasons of what is wrong."""
    makes_keys: bool
    """Makes SECRET_KEY and the signing key in a file where there is none; elsewhere a missing key is a missing mount."""
    may_have_default_users: bool
    """Takes CREATE_DEFAULT_USERS."""
    mail_url: str
    """Where mail goes when MAIL_URL says nothing; empty: nowhere."""


_LOCAL: Final = Environment(
    is_strict=False,
    has_tls=False,
    hsts=False,
    shows_detail=True,
    makes_keys=True,
    may_have_default_users=False,
    mail_url="",
)
_PUBLIC: Final = Environment(
    is_strict=True,
    has_tls=True,
    hsts=True,
    shows_detail=False,
    makes_keys=False,
    may_have_default_users=False,
    mail_url="",
)
ENVIRONMENTS: Final[dict[EnvironmentName, Environment]] = {
    "development": replace(_LOCAL, may_have_default_users=True, mail_url="file:var/mail"),
    "test": _LOCAL,
    "staging": replace(_PUBLIC, hsts=False, shows_detail=True),
    "production": _PUBLIC,
}
