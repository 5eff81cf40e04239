"""The layer itself."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Mapping
from time import perf_counter
from typing import Any, Final
from urllib.parse import quote

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from btcforecast.api.board import Board, Published
from btcforecast.api.conditional import is_known
from btcforecast.api.costs import UNLIMITED
from btcforecast.api.edge.access_log import AccessLog
from btcforecast.api.edge.addresses import Addresses
from btcforecast.api.edge.admission import Admission, Refusal, of_limits
from btcforecast.api.edge.bodies import is_deeper, is_json, replayed, whole_body
from btcforecast.api.edge.hosts import BY_ADDRESS
from btcforecast.api.edge.security import Origins
from btcforecast.api.problems import problem_body
from btcforecast.telemetry.metrics import http_figures

Headers = list[tuple[bytes, bytes]]
_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
log: Final = structlog.get_logger()


_NO_STORE: Final = ((b"cache-control", b"no-store"),)


class Edge:
    """Wraps the application: every answer leaves through here, published ones without going further in."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        board: Board,
        addresses: Addresses,
        tls_address: str | None,
        admission: Admission,
        origins: Origins,
        access_log: AccessLog,
        security_headers: tuple[tuple[bytes, bytes], ...],
        max_body_bytes: int,
        max_upload_bytes: Mapping[str, int],
        max_json_depth: int,
    ) -> None:
        self._app = app
        self._board = board
        self._addresses = addresses
        self._tls_address = tls_address
        self._admission = admission
        self._origins = origins
        self._log = access_log
        self._security = security_headers
        self._max_body_bytes = max_body_bytes
        self._max_upload_bytes = max_upload_bytes
        self._max_json_depth = max_json_depth
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
        caller = verdict = None
        refusal = self._admission.of_host(path, headers, scope["headers"]) or self._of_transport(path, peer, headers)
        authorization = headers.get(b"authorization")
        # Other schemes are somebody else's, such as a proxy's that asks for a password of its own.
        if refusal is None and authorization is not None and authorization[:6].lower() == b"bearer":
            caller, refusal = await self._admission.identify(authorization, client, path=path)
        if not path.startswith(UNLIMITED):
            verdict, cost = self._admission.count(caller, client, method, path=path)
            if cost > 1:
                verdict = await self._admission.confirm(verdict)
            added += ((b"ratelimit-policy", verdict.policy), (b"ratelimit", verdict.state))
            if not verdict.is_allowed:
                refusal = of_limits(verdict)
            elif caller is not None:
                self._admission.note(caller, cost)
        published = self._board.find((path, scope["query_string"])) if method in ("GET", "HEAD") else None
        if refusal is None and int(headers.get(b"content-length") or b"0") > self._most_bytes(path, headers):
            detail = f"The body is larger than the {self._most_bytes(path, headers):,} bytes that are read here."
            refusal = Refusal(413, detail, ((b"connection", b"close"),))
        if refusal is not None:
            route = "limited" if refusal.status == 429 else "unmatched"
            body = problem_body(refusal.status, refusal.detail, path=path, request_id=request_id)
            added += (*refusal.headers, *self._origins.of_refusal(headers.get(b"origin")))
            status = await _send_problem(send, refusal.status, body, added, method=method)
        elif published is not None and b"origin" not in headers:
            added += self._origins.vary
            route, status = path, await _send_published(send, published, headers, added, method=method)
        else:
            scope.setdefault("state", {}).update(caller=caller, network=client, verdict=verdict)
            route, status = await self._pass_on(scope, receive, send, added, request_id=request_id)
        duration = perf_counter() - began
        http_figures.observe(route, method if method in _METHODS else "other", status, duration)
        self._log.request(
            method=method, path=path, status=status, duration_ms=1000 * duration, client=client, request_id=request_id
        )

    def _of_transport(self, path: str, peer: tuple[str, int] | None, headers: Mapping[bytes, bytes]) -> Refusal | None:
        """Lead pages to TLS; programs are told, because one that is led on silently goes on sending keys in the clear (ASVS 5, 4.1.2)."""
        if self._tls_address is None or path.startswith(BY_ADDRESS):
            return None
        if not self._addresses.has_come_in_the_clear(peer[0] if peer else None, headers.get(b"x-forwarded-proto")):
            return None
        if path.startswith("/v1"):
            return Refusal(403, "This service is reached by https:// only; a key that came this way should be replaced.")
        location = f"{self._tls_address}{quote(path)}".encode()
        return Refusal(308, "This service is reached by https:// only.", ((b"location", location),))

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, added: Headers, *, request_id: str) -> tuple[str, int]:
        """Let the application answer; return the route's template and the status."""
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer(send, added, is_head=scope["method"] == "HEAD", vary=self._origins.vary)
        bounded = _Bounded(receive, self._most_bytes(scope["path"], dict(scope["headers"])), answer)
        inner = {**scope, "method": "GET"} if answer.is_head else scope
        try:
            await self._app(inner, await self._looked_at(scope, bounded.receive), answer.send)
        except HTTPException as e:
            body = problem_body(e.status_code, e.detail, path=scope["path"], request_id=request_id)
            added += self._origins.of_refusal(dict(scope["headers"]).get(b"origin"))
            return "unmatched", await _send_problem(send, e.status_code, body, added, method=scope["method"])
        except Exception as e:  # the last place where it can become an answer instead of a broken connection
            log.exception("api.failed", path=scope["path"], request_id=request_id, error=type(e).__name__)
            if not answer.status:
                body = problem_body(500, "Something went wrong on this side.", path=scope["path"], request_id=request_id)
                return "unmatched", await _send_problem(send, 500, body, added, method=scope["method"])
        return getattr(inner.get("route"), "path", "") or inner.get("page_route", "unmatched"), answer.status or 499

    def _most_bytes(self, path: str, headers: Mapping[bytes, bytes]) -> int:
        """Return how large a body may be: files are streamed to disk, and JSON is read whole wherever it goes."""
        is_file = path in self._max_upload_bytes and not is_json(headers.get(b"content-type"))
        return self._max_upload_bytes[path] if is_file else self._max_body_bytes

    async def _looked_at(self, scope: Scope, receive: Receive) -> Receive:
        """Return what gives the body, a JSON body read whole. Raises HTTPException where it is too large or nested too deep."""
        if scope["method"] not in _WITH_BODY or not is_json(dict(scope["headers"]).get(b"content-type")):
            return receive
        body = await whole_body(receive)
        if body is None:
            return receive
        if is_deeper(body, self._max_json_depth):
            raise HTTPException(422, f"The body is nested deeper than the {self._max_json_depth} levels that are read here.")
        return replayed(body, receive)


class _Answer:
    """Adds the headers, and for HEAD keeps the body back. What does not say who may keep it is kept by nobody."""

    __slots__ = ("_added", "_send", "_vary", "is_done", "is_head", "status")

    def __init__(self, send: Send, added: Headers, *, is_head: bool, vary: tuple[tuple[bytes, bytes], ...]) -> None:
        self._vary = vary
        self._send = send
        self._added = added
        self.is_head = is_head
        self.is_done = False
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = message.get("headers", ())
            names = {name for name, _ in own}
            extra = () if b"cache-control" in names else _NO_STORE
            vary = () if (b"vary", b"Origin") in own else self._vary
            message["headers"] = [*own, *extra, *vary, *self._added]
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
