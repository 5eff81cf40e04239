"""The server's side of a connection, bounded: httptools itself takes heads without end and waits for ever."""

from __future__ import annotations

from asyncio import TimerHandle, Transport
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from btcforecast.api.problems import problem_body
from btcforecast.settings.environments import HttpBounds

_SENTENCES: Final = {
    400: "This is not HTTP/1.1 as it must be written.",
    408: "The request came too slowly.",
    431: "The request's line and headers are larger, or more, than what is read here.",
    503: "Too many connections are open at the moment.",
}


class _RefusedError(Exception):
    """Ends the parsing of a request."""


class BoundedProtocol(HttpToolsProtocol):
    """Refuses heads that are too large, requests that come too slowly, and connections beyond a number, each with a problem document."""

    bounds: HttpBounds

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as in the class above
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._n_chunk = self._n_head = self._n_body = 0
        self._refusal = 400
        self._waiting: TimerHandle | None = self.loop.call_later(self.bounds.head_within_s, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was waited for."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and wait for the rest where it is not whole."""
        self._n_chunk = len(data)
        super().data_received(data)
        cycle = self.cycle
        if cycle is not None and cycle.scope is self.scope and not cycle.more_body:
            if self._waiting is not None:
                self._stop_waiting()
        elif not self.transport.is_closing():
            self._wait_for_rest(is_head=cycle is None or cycle.scope is not self.scope)

    def on_headers_complete(self) -> None:
        """Take the request, unless its head is too large; raises to end the parsing."""
        bounds = self.bounds
        # Nearly every head is smaller than what came with it may be, so that it need not be measured.
        if len(self.headers) > bounds.max_headers or (
            self._n_head + self._n_chunk > bounds.max_head_bytes and self._head_size() > bounds.max_head_bytes
        ):
            self._refusal = 431
            raise _RefusedError
        if len(self.connections) > bounds.max_connections:
            self._refusal = 503
            raise _RefusedError
        self._n_head = self._n_body = 0
        if self._waiting is not None:
            self._stop_waiting()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be answered, as every other error is told."""
        del msg
        status = self._refusal
        # Where an answer has begun, or was given before the body was read, nothing can be added to it.
        is_told = self.cycle is not None and self.cycle.scope is self.scope and self.cycle.response_started
        if not is_told and not self.transport.is_closing():
            body = problem_body(status, _SENTENCES[status], path="", request_id="")
            self.transport.write(
                STATUS_LINE[status]
                + b"content-type: application/problem+json\r\ncontent-length: %d\r\n" % len(body)
                # The same sentence for everybody; what else is known of the request is not to be trusted.
                + b"cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
                + body
            )
        self.transport.close()

    def _wait_for_rest(self, *, is_head: bool) -> None:
        if not is_head:
            self._n_body += self._n_chunk
            if self._waiting is None:
                self._waiting = self.loop.call_later(self.bounds.body_window_s, self._see_progress)
            return
        self._n_head += self._n_chunk
        if self._n_head > self.bounds.max_head_bytes:
            self._refusal = 431
            self.send_400_response("")
        elif self._waiting is None:
            self._waiting = self.loop.call_later(self.bounds.head_within_s, self._give_up)

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _see_progress(self) -> None:
        """Give up on a body that comes too slowly; what the application has not read yet is not the client's fault."""
        bounds = self.bounds
        if self._n_body < bounds.min_body_bytes_per_s * bounds.body_window_s and not self.flow.read_paused:
            self._give_up()
            return
        self._n_body = 0
        self._waiting = self.loop.call_later(bounds.body_window_s, self._see_progress)

    def _give_up(self) -> None:
        self._waiting = None
        self._refusal = 408
        self.send_400_response("")

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def bounded(bounds: HttpBounds) -> type[BoundedProtocol]:
    """Return the protocol with these bounds, as the server takes it: a class."""
    members: dict[str, Any] = {"bounds": bounds}
    return type("Protocol", (BoundedProtocol,), members)
