"""Headers that keep browsers on our side."""

from __future__ import annotations

from typing import Final

_ALWAYS: Final = (
    (
        b"content-security-policy",
        b"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_PRODUCTION: Final = ((b"strict-transport-security", b"max-age=63072000; includeSubDomains"),)


def security_headers(*, hsts: bool) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that every answer carries; only production promises to be reached by TLS for ever."""
    return (*_ALWAYS, *_PRODUCTION) if hsts else _ALWAYS
