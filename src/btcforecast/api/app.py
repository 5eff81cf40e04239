"""The web application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from btcforecast.api.docs import add_docs
from btcforecast.api.edge.access_log import AccessLog
from btcforecast.api.edge.addresses import Addresses
from btcforecast.api.edge.layer import Edge
from btcforecast.api.edge.limits import RateLimiter
from btcforecast.api.edge.security import security_headers
from btcforecast.api.keys import KeyReader
from btcforecast.api.openapi import openapi_document, routed_app
from btcforecast.api.problems import add_problem_handlers
from btcforecast.api.service import Service
from btcforecast.api.stream.hub import Hub
from btcforecast.api.stream.poller import Poller
from btcforecast.api.stream.shutdown import on_stop
from btcforecast.api.strict import add_strictness
from btcforecast.bootstrap import open_identity
from btcforecast.core import Clock, SystemClock
from btcforecast.settings import Settings
from btcforecast.store.database import Database
from btcforecast.web.page import add_page

PERSON_RATE = "6000/minute"
"""What counts people's requests; each role has its own amount a minute."""
_EXPOSED = (
    "ETag",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
)


def create_app(settings: Settings, database: Database, clock: Clock | None = None) -> ASGIApp:
    """Return the API and the page as one ASGI application, which closes the database when it stops."""
    clock = clock or SystemClock()
    identity = open_identity(settings, database)
    service = Service(settings, identity, clock, hub=Hub())
    access_log = AccessLog(as_json=settings.log_format == "json", is_on=settings.log_level in ("DEBUG", "INFO"))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        poller = Poller(service)
        keys = KeyReader(identity, clock)
        await keys.read_safely()
        # The first answers are published before the first request is taken.
        await poller.poll_safely()
        polling = asyncio.create_task(poller.run())
        noting = asyncio.create_task(service.callers.run())
        reading = asyncio.create_task(keys.run())
        try:
            with on_stop(service.hub.close):
                yield
        finally:
            service.hub.close()
            polling.cancel()
            noting.cancel()
            reading.cancel()
            await asyncio.gather(polling, noting, reading, return_exceptions=True)
            identity.passwords.close()
            await service.callers.write_uses()
            access_log.flush()
            await database.close()

    app = routed_app(lifespan=lifespan)
    app.state.service = service
    document = openapi_document(app)
    add_strictness(app, document)
    add_problem_handlers(app)
    add_docs(app, document)
    add_page(app)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            # Keys come in a header that a page must put there itself; nothing here rests on what a browser sends by itself.
            allow_methods=("GET", "HEAD", "POST", "PATCH", "DELETE"),
            allow_headers=("Authorization", "Content-Type", "If-None-Match", "Last-Event-ID"),
            allow_credentials=False,
            expose_headers=_EXPOSED,
            max_age=600,
        )
    return Edge(
        app,
        board=service.board,
        addresses=Addresses(settings.trusted_proxies),
        limiter=RateLimiter(settings.rate_limit, clock),
        person_limiter=RateLimiter(PERSON_RATE, clock),
        callers=service.callers,
        access_log=access_log,
        security_headers=security_headers(hsts=settings.defaults.hsts),
        max_body_bytes=settings.max_body_bytes,
    )
