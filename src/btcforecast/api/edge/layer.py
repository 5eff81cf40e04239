"""The layer itself."""

from __future__ import annotations

import itertools
import secrets
from time import perf_counter
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from btcforecast.accounts.caller import Caller
from btcforecast.api.board import Board, Published
from btcforecast.api.callers import Callers
from btcforecast.api.conditional import is_known
from btcforecast.api.edge.access_log import AccessLog
from btcforecast.api.edge.addresses import Addresses
from btcforecast.api.edge.limits import RateLimiter, Verdict
from btcforecast.api.problems import problem_body
from btcforecast.core.errors import UnauthenticatedError
from btcforecast.telemetry.metrics import http_figures, http_limited

Headers = list[tuple[bytes, bytes]]
_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_UNLIMITED: Final = ("/health", "/assets/")
"""Load balancers ask often, and one page load brings many small files."""
log: Final = structlog.get_logger()


class _Refusal(NamedTuple):
    status: int
    detail: str
    headers: tuple[tuple[bytes, bytes], ...]


_LATER: Final = ((b"retry-after", b"30"),)


class Edge:
    """Wraps the application: every answer leaves through here, published ones without going further in."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        board: Board,
        addresses: Addresses,
        limiter: RateLimiter,
        person_limiter: RateLimiter,
        callers: Callers,
        access_log: AccessLog,
        security_headers: tuple[tuple[bytes, bytes], ...],
        max_body_bytes: int,
    ) -> None:
        self._app = app
        self._board = board
        self._addresses = addresses
        self._limiter = limiter
        self._log = access_log
        self._security = security_headers
        self._max_body_bytes = max_body_bytes
        self._callers = callers
        self._person_limiter = person_limiter
        self._process = secrets.token_hex(6)
        self._ids = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        path: str = scope["path"]
        method: str = scope["method"]
        headers = dict(scope["headers"])
        peer = scope["client"]
        forwarded = headers.get(b"x-forwarded-for")
        client = self._addresses.key(peer[0] if peer else None, None if forwarded is None else forwarded.decode("latin-1"))
        request_id = f"{self._process}-{next(self._ids):x}"
        added: Headers = [*self._security, (b"x-request-id", request_id.encode())]
        caller = refusal = None
        authorization = headers.get(b"authorization")
        # Other schemes are somebody else's, such as a proxy's that asks for a password of its own.
        if authorization is not None and authorization[:6].lower() == b"bearer":
            caller, refusal = await self._caller(authorization, client, path=path)
        verdict = None
        if not path.startswith(_UNLIMITED):
            verdict = self._limiter.hit(client) if caller is None else self._of_person(caller)
            added += (
                (b"ratelimit-limit", b"%d" % verdict.amount),
                (b"ratelimit-remaining", b"%d" % verdict.remaining),
                (b"ratelimit-reset", b"%d" % verdict.reset_s),
            )
        published = self._board.find((path, scope["query_string"])) if method in ("GET", "HEAD") else None
        if verdict is not None and not verdict.is_allowed:
            route, status = (
                "limited",
                await _refuse_limited(send, verdict, added, path=path, request_id=request_id, method=method),
            )
        elif refusal is not None:
            body = problem_body(refusal.status, refusal.detail, path=path, request_id=request_id)
            route = "unmatched"
            status = await _send_problem(send, refusal.status, body, [*added, *refusal.headers], method=method)
        elif int(headers.get(b"content-length") or b"0") > self._max_body_bytes:
            detail = f"The body is larger than the {self._max_body_bytes:,} bytes that are read here."
            body = problem_body(413, detail, path=path, request_id=request_id)
            route, status = "unmatched", await _send_problem(send, 413, body, [*added, (b"connection", b"close")], method=method)
        elif published is not None and b"origin" not in headers:
            route, status = path, await _send_published(send, published, headers, added, method=method)
        else:
            scope.setdefault("state", {})["caller"] = caller
            scope["state"]["network"] = client
            route, status = await self._pass_on(scope, receive, send, added, request_id=request_id)
        duration = perf_counter() - began
        http_figures.observe(route, method if method in _METHODS else "other", status, duration)
        self._log.request(
            method=method, path=path, status=status, duration_ms=1000 * duration, client=client, request_id=request_id
        )

    async def _caller(self, authorization: bytes, client: str, *, path: str) -> tuple[Caller | None, _Refusal | None]:
        """Return who asks, or why that is not known; nothing new is looked up for an address that has asked too much already."""
        is_new = not self._callers.have_met(authorization)
        if is_new and not path.startswith(_UNLIMITED) and self._limiter.is_spent(client):
            return None, None
        try:
            return await self._callers.identify(authorization, network=client), None
        except UnauthenticatedError as e:
            return None, _Refusal(401, str(e), ((b"www-authenticate", b'Bearer realm="btcforecast", error="invalid_token"'),))
        except (SQLAlchemyError, OSError) as e:
            log.warning("api.caller_unknown", error=type(e).__name__)
            return None, _Refusal(503, "The database does not answer at the moment, so that keys cannot be checked.", _LATER)

    def _of_person(self, caller: Caller) -> Verdict:
        return self._person_limiter.hit(caller.person.id, caller.requests_per_minute)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, added: Headers, *, request_id: str) -> tuple[str, int]:
        """Let the application answer; return the route's template and the status."""
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer(send, added, is_head=scope["method"] == "HEAD")
        bounded = _Bounded(receive, self._max_body_bytes, answer)
        inner = {**scope, "method": "GET"} if answer.is_head else scope
        try:
            await self._app(inner, bounded.receive, answer.send)
        except Exception as e:  # the last place where it can become an answer instead of a broken connection
            log.exception("api.failed", path=scope["path"], request_id=request_id, error=type(e).__name__)
            if not answer.status:
                body = problem_body(500, "Something went wrong on this side.", path=scope["path"], request_id=request_id)
                return "unmatched", await _send_problem(send, 500, body, added, method=scope["method"])
        return getattr(inner.get("route"), "path", "") or inner.get("page_route", "unmatched"), answer.status or 499


class _Answer:
    """Adds the headers, and for HEAD keeps the body back."""

    __slots__ = ("_added", "_send", "is_done", "is_head", "status")

    def __init__(self, send: Send, added: Headers, *, is_head: bool) -> None:
        self._send = send
        self._added = added
        self.is_head = is_head
        self.is_done = False
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *self._added]
            await self._send(message)
            if self.is_head:
                self.is_done = True
                await self._send({"type": "http.response.body", "body": b""})
        elif not self.is_head:
            await self._send(message)


class _Bounded:
    """Counts the bytes of a body whose length was not announced; after a HEAD answer it says that the client has left."""

    __slots__ = ("_answer", "_left", "_receive")

    def __init__(self, receive: Receive, max_bytes: int, answer: _Answer) -> None:
        self._receive = receive
        self._left = max_bytes
        self._answer = answer

    async def receive(self) -> Message:
        if self._answer.is_done:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(413, "The body is larger than what is read here.")
        return message


async def _send_published(send: Send, published: Published, headers: dict[bytes, Any], added: Headers, *, method: str) -> int:
    known = headers.get(b"if-none-match")
    if known is not None and is_known(known.decode("latin-1"), published.etag.decode()):
        kept = [(name, value) for name, value in published.headers if name in (b"etag", b"cache-control")]
        await send({"type": "http.response.start", "status": 304, "headers": [*kept, *added]})
        await send({"type": "http.response.body", "body": b""})
        return 304
    await send({"type": "http.response.start", "status": 200, "headers": [*published.headers, *added]})
    await send({"type": "http.response.body", "body": published.body if method == "GET" else b""})
    return 200


async def _refuse_limited(send: Send, verdict: Verdict, added: Headers, *, path: str, request_id: str, method: str) -> int:
    http_limited.inc()
    detail = f"Too many requests; come again in {verdict.reset_s} seconds."
    body = problem_body(429, detail, path=path, request_id=request_id)
    return await _send_problem(send, 429, body, [*added, (b"retry-after", b"%d" % verdict.reset_s)], method=method)


async def _send_problem(send: Send, status: int, body: bytes, added: Headers, *, method: str) -> int:
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *added,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body if method != "HEAD" else b""})
    return status
