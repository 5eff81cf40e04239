"""A server-sent event stream as an answer."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import Response
from starlette.types import Receive, Scope, Send

from btcforecast.api.stream.hub import CLOSED, Client

HEARTBEAT_S: Final = 15
_HEARTBEAT: Final = b": still here\n\n"


class EventStream(Response):
    """Sends what a client's queue brings until either side ends it."""

    media_type = "text/event-stream"

    def __init__(self, client: Client, *, heartbeat_s: float = HEARTBEAT_S) -> None:
        # `no-transform` and the nginx header keep proxies from holding frames back.
        super().__init__(headers={"cache-control": "no-store, no-transform", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._client: Final = client
        self._heartbeat_s: Final = heartbeat_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client leaves or the hub closes."""
        del scope
        sending = asyncio.create_task(self._send_all(send))
        leaving = asyncio.create_task(_until_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._client.leave()
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        for made in self._client.backlog:
            await send({"type": "http.response.body", "body": made, "more_body": True})
        while True:
            try:
                made = await asyncio.wait_for(self._client.queue.get(), self._heartbeat_s)
            except TimeoutError:
                made = _HEARTBEAT
            await send({"type": "http.response.body", "body": made, "more_body": made != CLOSED})
            if made == CLOSED:
                return


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
