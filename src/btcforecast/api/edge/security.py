"""Headers that keep browsers on our side, and say which pages of others may read answers."""

from __future__ import annotations

from typing import Final

_POLICY: Final = (
    # What is not named below falls back to this one; those that people look for are named all the same.
    b"default-src 'self'",
    b"script-src 'self'",
    b"style-src 'self'",
    b"img-src 'self'",
    b"connect-src 'self'",
    b"object-src 'none'",
    b"frame-src 'none'",
    b"base-uri 'none'",
    b"form-action 'self'",
    b"frame-ancestors 'none'",
)
_ALWAYS: Final = (
    (
        b"content-security-policy",
        b"; ".join(_POLICY),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_PRODUCTION: Final = ((b"strict-transport-security", b"max-age=63072000; includeSubDomains"),)


EXPOSED: Final = ("ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate", "X-Request-Id")
"""What a page of another origin may read beside the body."""


class Origins:
    """The pages of others that may read answers. What the framework answers has its headers from the framework's own middleware."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self._allowed: Final = frozenset(origin.encode() for origin in allowed)
        self.vary: Final = ((b"vary", b"Origin"),) if allowed and "*" not in allowed else ()
        self._exposed: Final = (b"access-control-expose-headers", ", ".join(EXPOSED).encode())

    def of_refusal(self, origin: bytes | None) -> tuple[tuple[bytes, bytes], ...]:
        """Return what lets a page read why its request was refused before it came to the framework."""
        if origin is None or not self._allowed:
            return self.vary
        if b"*" in self._allowed:
            return ((b"access-control-allow-origin", b"*"), self._exposed)
        if origin not in self._allowed:
            return self.vary
        return (*self.vary, (b"access-control-allow-origin", origin), self._exposed)


def security_headers(*, hsts: bool) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that every answer carries; only production promises to be reached by TLS for ever."""
    return (*_ALWAYS, *_PRODUCTION) if hsts else _ALWAYS
