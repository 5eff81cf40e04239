"""The local exchange: `/VENUE/…` speaks that venue's protocol; `/control/VENUE` makes it misbehave."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import cache

from aiohttp import WSMsgType, web

from exchange.desk import Desk, Prank, Request
from exchange.protocols import PROTOCOLS
from exchange.streams import STREAMS, read
from exchange.tape import STEP_S, Tape

_PAGE = "<!doctype html><html><body><h1>We are improving our site</h1></body></html>"


@cache
def _tape(seed: int) -> Tape:
    """One tape for all: drawing years of it takes a moment."""
    return Tape(seed)


class LocalExchange:
    """Five venues on one loopback address; `desks[venue]` is how each behaves."""

    def __init__(self, *, now: Callable[[], float] = time.time, seed: int = 1) -> None:
        self.now = now
        tape = _tape(seed)
        self.desks = {name: Desk(tape) for name in PROTOCOLS}
        self.address = ""
        self._runner: web.AppRunner | None = None

    def url(self, venue: str) -> str:
        """The address that stands in for the venue's own."""
        return f"{self.address}/{venue}"

    @property
    def urls(self) -> dict[str, str]:
        return {venue: self.url(venue) for venue in PROTOCOLS}

    async def start(self, port: int = 0) -> None:
        app = web.Application()
        app.router.add_get("/control/{venue}", self._show)
        app.router.add_post("/control/{venue}", self._change)
        app.router.add_get("/{venue}/{tail:.*}", self._answer)
        app.router.add_get("/{venue}", self._answer)
        # Handlers that hang are cut off at the end of a test, not waited for.
        self._runner = web.AppRunner(app, shutdown_timeout=0.05, handler_cancellation=True, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        venue = request.match_info["venue"]
        desk = self.desks.get(venue)
        if desk is None:
            return web.json_response({"error": "no such venue"}, status=404)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._stream(request, venue, desk)
        protocol = PROTOCOLS[venue]
        path = "/" + request.match_info.get("tail", "")
        call = protocol.classify(path)
        if call is None:
            return web.json_response({"error": ["EGeneral:Unknown method"], "code": "404"}, status=404)
        query = dict(request.query)
        desk.requests.append(Request(call, path, query))
        now = int(self.now()) + desk.clock_skew_s
        prank = desk.prank(call)
        if prank is not None:
            spoiled = await self._spoil(request, prank)
            if spoiled is not None:
                return spoiled
        if call == "markets":
            body = protocol.markets(query)
        elif call == "candles":
            body = protocol.candles(desk, query, now)
        else:
            body = protocol.price(desk.tape.close(now - now % STEP_S) * desk.price_factor, now * 1000)
        text = json.dumps(body)
        if prank is not None and prank.kind == "wrong_types":
            text = _with_wrong_types(text)
        # aiohttp would write the machine's own clock.
        headers = {"Date": formatdate(now, usegmt=True) if desk.tells_date else "unknown"}
        return web.Response(text=text, content_type="application/json", headers=headers)

    async def _spoil(self, request: web.Request, prank: Prank) -> web.StreamResponse | None:
        headers = {} if prank.retry_after is None else {"Retry-After": prank.retry_after}
        if prank.kind == "status":
            return web.json_response({"code": str(prank.status), "msg": "no"}, status=prank.status, headers=headers)
        if prank.kind == "hang":
            await asyncio.sleep(3600)
        if prank.kind == "reset":
            request.transport.abort()
            return web.Response()
        if prank.kind == "cut":
            cut = web.StreamResponse(headers={"Content-Length": "5000", "Content-Type": "application/json"})
            await cut.prepare(request)
            await cut.write(b'{"result": [[1')
            request.transport.abort()
            return cut
        if prank.kind == "html":
            return web.Response(text=_PAGE, content_type="text/html", headers=headers)
        if prank.kind == "nonsense":
            return web.json_response({"error": [], "result": "later", "data": 7, "candles": None, "code": "0"})
        return None

    async def _stream(self, request: web.Request, venue: str, desk: Desk) -> web.StreamResponse:
        desk.requests.append(Request("stream", request.path, {}))
        if desk.trades == "refuse":
            return web.Response(status=403)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        stream = STREAMS[venue]
        async for message in socket:
            if message.type == WSMsgType.TEXT and stream.wants(read(message.data)):
                await socket.send_json(stream.welcome(read(message.data)))
                break
        trading = asyncio.create_task(self._trade(socket, venue, desk))
        try:
            async for _ in socket:
                pass
        finally:
            trading.cancel()
        return socket

    async def _trade(self, socket: web.WebSocketResponse, venue: str, desk: Desk) -> None:
        n = 0
        while not socket.closed:
            if desk.trades == "drop" and n >= 3:
                socket._req.transport.abort()  # a line that is cut says no farewell
                return
            if desk.trades == "garbage":
                await socket.send_str('{"channel": 5, "e": "trade", "arg": [], "data": "x", "event": {}}')
            elif desk.trades != "silent":
                n += 1
                now = self.now()
                price = round(desk.tape.close(int(now) - int(now) % STEP_S) * desk.price_factor * (1 + 1e-5 * (n % 7)), 2)
                await socket.send_json(STREAMS[venue].trade(price, int(now * 1000), n))
            await asyncio.sleep(desk.trade_every_s)

    async def _show(self, request: web.Request) -> web.Response:
        desk = self.desks[request.match_info["venue"]]
        return web.json_response({call: desk.count(call) for call in ("markets", "candles", "price", "stream")})

    async def _change(self, request: web.Request) -> web.Response:
        """Take {"always": {"kind": "status", "status": 451, "on": null}} and the like; {} makes the venue well again."""
        desk = self.desks[request.match_info["venue"]]
        wish = await request.json()
        desk.recover()
        if "always" in wish:
            desk.always = Prank(**wish["always"])
        desk.spoil(*(Prank(**prank) for prank in wish.get("next", [])))
        for name in ("price_factor", "clock_skew_s", "frozen_at", "trades", "trade_every_s"):
            if name in wish:
                setattr(desk, name, wish[name])
        return web.json_response({"ok": True})


def _with_wrong_types(text: str) -> str:
    """Put objects where numbers were, so that the shape is right and every value wrong."""

    def spoil(value: object, depth: int) -> object:
        if isinstance(value, list):
            return [spoil(item, depth + 1) for item in value]
        if isinstance(value, dict):
            return {key: spoil(item, depth + 1) for key, item in value.items()}
        return value if depth < 2 or value in ("0", "1") else {"value": value}

    return json.dumps(spoil(json.loads(text), 0))
