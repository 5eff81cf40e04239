"""The refresh token in browsers: in a cookie that no script reads and no other site can use.

SameSite=Strict keeps it from requests that other sites cause; the Origin must be ours; and a token that only our page can read must come
in a header besides (OWASP Cross-Site Request Forgery Prevention Cheat Sheet: signed double submit, bound to the refresh token).
"""

from __future__ import annotations

import hmac
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request, Response

from btcforecast.accounts.login.sessions import Opened, csrf_token
from btcforecast.core.errors import ForbiddenError

CSRF_HEADER: Final = "X-CSRF-Token"
_REFRESH: Final = "btcf_refresh"
_CSRF: Final = "btcf_csrf"


class RefreshCookies:
    """Sets and reads them. has_tls: Secure, and bound to this very host by the prefix __Host- (RFC 6265bis, section 4.1.3.2)."""

    def __init__(self, *, has_tls: bool, public_url: str) -> None:
        prefix = "__Host-" if has_tls else ""
        self._refresh: Final = prefix + _REFRESH
        self._csrf: Final = prefix + _CSRF
        self._has_tls: Final = has_tls
        self._public_url: Final = public_url

    def set(self, response: Response, opened: Opened, *, at: int) -> None:
        """Put the refresh token into the cookie, and what proves that our page asks into one that it can read."""
        for name, value, hidden in (
            (self._refresh, opened.refresh_token, True),
            (self._csrf, csrf_token(opened.refresh_token), False),
        ):
            response.set_cookie(
                name,
                value,
                max_age=opened.refresh_expires_at - at,
                path="/",
                secure=self._has_tls,
                httponly=hidden,
                samesite="strict",
            )

    def clear(self, response: Response) -> None:
        """Remove both cookies."""
        for name, hidden in ((self._refresh, True), (self._csrf, False)):
            response.delete_cookie(name, path="/", secure=self._has_tls, httponly=hidden, samesite="strict")

    def read(self, request: Request) -> str | None:
        """Return the refresh token of the cookie, or None without one. Raises ForbiddenError where it was not our page that asks."""
        found = request.cookies.get(self._refresh)
        if not found:
            return None
        if not self._is_ours(request):
            raise ForbiddenError("This was asked from another site.")
        given = request.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(given.encode(), csrf_token(found).encode()):
            raise ForbiddenError(f"The header {CSRF_HEADER} must hold what the cookie {self._csrf} holds.")
        return found

    def _is_ours(self, request: Request) -> bool:
        origin = request.headers.get("origin")
        is_here = origin is None or origin == self._public_url or urlsplit(origin).netloc == request.headers.get("host")
        return is_here and request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def is_browser(request: Request) -> bool:
    """Say whether a page asks, by headers that no script can leave out (Fetch, section 3.2; Fetch Metadata)."""
    return "sec-fetch-site" in request.headers or "origin" in request.headers
