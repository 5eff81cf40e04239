"""What each environment means: the one table of safe defaults (ENV-4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

EnvironmentName = Literal["development", "staging", "production", "test"]


@dataclass(frozen=True, slots=True)
class HttpBounds:
    """What a web process takes from one client, and how long it waits for it."""

    max_head_bytes: int = 32 * 1024
    """A request's line and headers."""
    max_headers: int = 100
    head_within_s: float = 10
    """How long a connection may be open before its first request's head is whole, and any later head may take."""
    body_window_s: float = 15
    """Over how long a body's speed is looked at."""
    min_body_bytes_per_s: int = 4 * 1024
    """The slowest that a body may come."""
    keep_alive_s: int = 30
    """How long a connection may be idle between requests."""
    max_connections: int = 2_000
    """Open to one process at a time, listeners of the event stream included."""
    max_json_depth: int = 32
    """How deep lists and objects of a body may be nested; the size of bodies is MAX_BODY_BYTES."""


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
    may_be_any_address: bool
    """Answers under every address written in digits; elsewhere under ALLOWED_HOSTS only."""
    mail_url: str
    """Where mail goes when MAIL_URL says nothing; empty: nowhere."""
    http: HttpBounds = HttpBounds()


_LOCAL: Final = Environment(
    is_strict=False,
    has_tls=False,
    hsts=False,
    shows_detail=True,
    makes_keys=True,
    may_have_default_users=False,
    may_be_any_address=True,
    mail_url="",
)
_PUBLIC: Final = Environment(
    is_strict=True,
    has_tls=True,
    hsts=True,
    shows_detail=False,
    makes_keys=False,
    may_have_default_users=False,
    may_be_any_address=False,
    mail_url="",
)
ENVIRONMENTS: Final[dict[EnvironmentName, Environment]] = {
    "development": replace(_LOCAL, may_have_default_users=True, mail_url="file:var/mail"),
    # Tests wait for these bounds, and not for long.
    "test": replace(_LOCAL, http=HttpBounds(head_within_s=1, body_window_s=1, keep_alive_s=1, max_connections=20)),
    "staging": replace(_PUBLIC, hsts=False, shows_detail=True),
    "production": _PUBLIC,
}
