"""Where to report a weakness, for people and programs that look for it (RFC 9116)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from btcforecast.core import Clock, to_rfc3339

PATH: Final = "/.well-known/security.txt"
_DAY: Final = 86400
_COUNTS_S: Final = 180 * _DAY
"""Less than a year, as section 2.5.5 recommends."""


def add_security_txt(app: FastAPI, contacts: Iterable[str], *, public_url: str, clock: Clock) -> None:
    """Serve the file. contacts: mailto: and https: addresses, the preferred one first; none: there is no file."""
    addresses = tuple(contacts)

    async def security_txt(_request: Request) -> Response:
        if not addresses:
            raise HTTPException(404)
        body = security_txt_of(addresses, public_url=public_url, now=clock.now())
        return Response(body, media_type="text/plain; charset=utf-8", headers={"cache-control": "public, max-age=86400"})

    app.add_route(PATH, security_txt, include_in_schema=False)


def security_txt_of(contacts: Iterable[str], *, public_url: str, now: int) -> str:
    """Return the text of the file; it ends half a year from today."""
    expires_at = now - now % _DAY + _COUNTS_S
    lines = [f"Contact: {contact}" for contact in contacts]
    lines += [f"Expires: {to_rfc3339(expires_at)}", "Preferred-Languages: en", f"Canonical: {public_url}{PATH}"]
    return "".join(f"{line}\n" for line in lines)
