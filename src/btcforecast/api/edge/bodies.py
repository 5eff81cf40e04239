"""Bodies of JSON, read whole and looked at before anything is made of them."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from starlette.types import Message, Receive

_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_STEP: Final = np.zeros(256, dtype=np.int8)
_STEP[list(b"[{")] = 1
_STEP[list(b"]}")] = -1


def is_json(content_type: bytes | None) -> bool:
    """Say whether a body will be read as JSON; one of no stated type may be."""
    return content_type is None or b"json" in content_type.lower()


def is_deeper(body: bytes, depth: int) -> bool:
    """Say whether lists and objects are nested deeper than that; brackets in strings do not count."""
    if body.count(b"[") + body.count(b"{") <= depth:
        return False
    steps = _STEP[np.frombuffer(_STRING.sub(b"", body), dtype=np.uint8)]
    return bool(np.cumsum(steps, dtype=np.int32).max(initial=0) > depth)


async def whole_body(receive: Receive) -> bytes | None:
    """Return a body, whose size `receive` bounds, or None where the client has left."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body once more, and then what else comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
