"""Hands each event to every connected client, and never waits for a slow one."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from btcforecast.core.errors import UnavailableError
from btcforecast.store.feed import Event
from btcforecast.telemetry.metrics import stream_clients, stream_dropped

KEPT_EVENTS: Final = 1000
QUEUE_SIZE: Final = 256
MAX_CLIENTS: Final = 500
CLOSED: Final = b""
"""What a client's queue gives when there will be nothing more."""


def frame(kind: str, body: Mapping[str, Any], *, event_id: int | None = None) -> bytes:
    """Return one server-sent event (WHATWG HTML, section 9.2)."""
    data = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    name = f"id: {event_id}\n" if event_id is not None else ""
    return f"{name}event: {kind}\ndata: {data}\n\n".encode()


@dataclass(slots=True, eq=False)
class Client:
    """One connection. A client that falls `QUEUE_SIZE` frames behind is let go; it resumes with Last-Event-ID."""

    hub: Hub
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(QUEUE_SIZE + 1))
    backlog: tuple[bytes, ...] = ()

    def leave(self) -> None:
        """Forget this connection."""
        self.hub.leave(self)


class Hub:
    """The clients, and the newest events for those that resume."""

    def __init__(self, *, max_clients: int = MAX_CLIENTS) -> None:
        self._clients: set[Client] = set()
        self._recent: deque[tuple[int, bytes]] = deque(maxlen=KEPT_EVENTS)
        self._before_recent = 0
        self._prices: dict[str, bytes] = {}
        self._max_clients = max_clients
        self._is_closed = False

    @property
    def n_clients(self) -> int:
        """Return how many are connected."""
        return len(self._clients)

    @property
    def last_event_id(self) -> int:
        """Return the id of the newest event that was handed out."""
        return self._recent[-1][0] if self._recent else self._before_recent

    def start_after(self, event_id: int) -> None:
        """Say that events up to this one lie before what is kept here."""
        self._before_recent = event_id

    def join(self, *, after: int | None) -> Client:
        """Return a new connection, with what came after `after` waiting in its queue.

        Raises UnavailableError when there are too many, or the service is stopping.
        """
        if self._is_closed or len(self._clients) >= self._max_clients:
            raise UnavailableError("The stream has as many listeners as it can serve; come again in a moment.")
        client = Client(self, backlog=tuple(self._missed(after)))
        self._clients.add(client)
        stream_clients.set(len(self._clients))
        return client

    def leave(self, client: Client) -> None:
        """Forget a connection; safe to call twice."""
        self._clients.discard(client)
        stream_clients.set(len(self._clients))

    def publish(self, event: Event) -> None:
        """Hand an event to everybody."""
        if len(self._recent) == KEPT_EVENTS:
            self._before_recent = self._recent[0][0]
        made = frame(event.kind, event.body, event_id=event.id)
        self._recent.append((event.id, made))
        self._send(made)

    def publish_price(self, series: str, body: Mapping[str, Any]) -> None:
        """Hand a price to everybody; prices are not kept, only the newest one greets new clients."""
        made = frame("price", body)
        if self._prices.get(series) != made:
            self._prices[series] = made
            self._send(made)

    def close(self) -> None:
        """End every connection."""
        self._is_closed = True
        for client in list(self._clients):
            _end(client)

    def _missed(self, after: int | None) -> list[bytes]:
        missed = list(self._prices.values())
        if after is None:
            # The browser remembers this id even before the first event comes.
            return [f"id: {self.last_event_id}\nretry: 3000\n\n".encode(), *missed]
        if after < self._before_recent or after > self.last_event_id:
            # Too long ago, or from a database that is not this one: the client must read the present anew.
            return [frame("reset", {"reason": "events between were lost"}, event_id=self.last_event_id), *missed]
        return [*missed, *(made for event_id, made in self._recent if event_id > after)]

    def _send(self, made: bytes) -> None:
        for client in list(self._clients):
            if client.queue.qsize() >= QUEUE_SIZE:
                stream_dropped.inc()
                self.leave(client)
                _end(client)
            else:
                client.queue.put_nowait(made)


def _end(client: Client) -> None:
    while client.queue.full():
        client.queue.get_nowait()
    client.queue.put_nowait(CLOSED)
