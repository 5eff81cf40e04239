"""Answers with an ETag, which a client that has them already gets as 304 without a body."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from fastapi import Request, Response

from btcforecast.api.schemas.shared import Answer

# An answer's age moves every second; data that are otherwise the same are the same data.
_MOVING: Final = re.compile(rb'"(age_s|now)":("[^"]*"|[0-9]+)')


def etag_of(body: bytes) -> str:
    """Return a weak ETag: equal for bodies that differ in nothing but the age of their data."""
    return f'W/"{hashlib.sha256(_MOVING.sub(b"", body)).hexdigest()[:24]}"'


def is_known(if_none_match: str | None, etag: str) -> bool:
    """Say whether If-None-Match holds the tag (RFC 9110, section 13.1.2: weak comparison)."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    opaque = etag.removeprefix("W/")
    return any(part.strip().removeprefix("W/") == opaque for part in if_none_match.split(","))


def answer(request: Request, found: Answer, *, max_age_s: int, status: int = 200) -> Response:
    """Return the answer as JSON, or 304 where the client has it. max_age_s: how long caches may give it without asking."""
    body = found.model_dump_json().encode()
    return content(request, body, media_type="application/json", max_age_s=max_age_s, status=status)


def content(
    request: Request, body: bytes, *, media_type: str, max_age_s: int, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return these bytes, or 304 where the client has them."""
    etag = etag_of(body)
    shared = {"etag": etag, "cache-control": cache_control(max_age_s), **(headers or {})}
    if status == 200 and is_known(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=shared)
    return Response(body, status_code=status, media_type=media_type, headers=shared)


def cache_control(max_age_s: int) -> str:
    """Return the header's value; with no age, caches must ask each time."""
    return f"public, max-age={max_age_s}" if max_age_s else "no-cache"
