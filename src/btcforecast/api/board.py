"""Answers made before they are asked for: serialised once, when published, and given out as bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from btcforecast.api.conditional import etag_of

_AGE: Final = re.compile(rb'"age_s":[0-9]+')


@dataclass(frozen=True, slots=True)
class Published:
    """A finished answer: its bytes and the headers that go with them."""

    body: bytes
    etag: bytes
    headers: tuple[tuple[bytes, bytes], ...]

    @classmethod
    def json(cls, body: bytes) -> Published:
        """Return the JSON document as it is given out."""
        etag = etag_of(body).encode()
        headers = (
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"etag", etag),
            (b"cache-control", b"public, max-age=1"),
        )
        return cls(body, etag, headers)

    def aged(self, age_s: int) -> Published:
        """Return the same answer with the age of its data as it is now."""
        body = _AGE.sub(b'"age_s":%d' % age_s, self.body)
        headers = tuple((name, str(len(body)).encode() if name == b"content-length" else value) for name, value in self.headers)
        return Published(body, self.etag, headers)


class Board:
    """Published answers by path and query string."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, bytes], Published] = {}
        self.find: Final = self._answers.get

    def publish(self, path: str, queries: tuple[bytes, ...], published: Published) -> None:
        """Give this answer to whoever asks for the path with one of the query strings."""
        for query in queries:
            self._answers[path, query] = published

    def withdraw(self, path: str) -> None:
        """Give nothing for the path any more."""
        for key in [key for key in self._answers if key[0] == path]:
            del self._answers[key]
