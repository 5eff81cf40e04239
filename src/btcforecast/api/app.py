"""The web application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from btcforecast.api.costs import Costs
from btcforecast.api.docs import add_docs
from btcforecast.api.edge.access_log import AccessLog
from btcforecast.api.edge.addresses import Addresses
from btcforecast.api.edge.admission import Admission
from btcforecast.api.edge.hosts import Hosts, own_names
from btcforecast.api.edge.layer import Edge
from btcforecast.api.edge.limits import Limits
from btcforecast.api.edge.security import EXPOSED, Origins, security_headers
from btcforecast.api.edge.shared import SharedCounts
from btcforecast.api.keys import KeyReader
from btcforecast.api.openapi import openapi_document, routed_app
from btcforecast.api.problems import add_problem_handlers
from btcforecast.api.security_txt import add_security_txt
from btcforecast.api.service import Service
from btcforecast.api.stream.hub import Hub
from btcforecast.api.stream.poller import Poller
from btcforecast.api.stream.shutdown import on_stop
from btcforecast.api.strict import add_strictness
from btcforecast.api.uploads import PATH as UPLOADED_TO
from btcforecast.bootstrap import open_identity
from btcforecast.core import Clock, SystemClock
from btcforecast.settings import Settings
from btcforecast.store.database import Database
from btcforecast.web.page import add_page


def create_app(settings: Settings, database: Database, clock: Clock | None = None) -> ASGIApp:
    """Return the API and the page as one ASGI application, which closes the database when it stops."""
    clock = clock or SystemClock()
    identity = open_identity(settings, database)
    service = Service(settings, identity, clock, hub=Hub())
    limits = Limits(settings.rate_limit, clock, is_shared=bool(settings.rate_limit_store))
    shared = SharedCounts(settings.rate_limit_store, limits.counters) if settings.rate_limit_store else None
    access_log = AccessLog(as_json=settings.log_format == "json", is_on=settings.log_level in ("DEBUG", "INFO"))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.uploads.tidy()
        poller = Poller(service)
        keys = KeyReader(identity, clock)
        await keys.read_safely()
        # The first answers are published before the first request is taken.
        await poller.poll_safely()
        polling = asyncio.create_task(poller.run())
        running = [asyncio.create_task(some.run()) for some in (service.callers, service.usage, keys)]
        if shared is not None:
            await shared.tell()
            running.append(asyncio.create_task(shared.run()))
        try:
            with on_stop(service.hub.close):
                yield
        finally:
            service.hub.close()
            polling.cancel()
            for task in running:
                task.cancel()
            await asyncio.gather(polling, *running, return_exceptions=True)
            identity.passwords.close()
            if shared is not None:
                await shared.close()
            await service.callers.write_uses()
            await service.usage.write()
            access_log.flush()
            await database.close()

    app = routed_app(lifespan=lifespan)
    app.state.service = service
    document = openapi_document()
    add_strictness(app, document)
    add_problem_handlers(app)
    add_docs(app, document)
    add_security_txt(app, settings.security_contact, public_url=settings.public_url, clock=clock)
    add_page(app)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            # Keys come in a header that a page must put there itself; nothing here rests on what a browser sends by itself.
            allow_methods=_methods(document),
            allow_headers=("Authorization", "Content-Type", "If-None-Match", "Last-Event-ID"),
            allow_credentials=False,
            expose_headers=EXPOSED,
            max_age=600,
        )
    return Edge(
        app,
        board=service.board,
        addresses=Addresses(settings.trusted_proxies),
        tls_address=settings.public_url if settings.defaults.has_tls else None,
        admission=Admission(
            hosts=Hosts(
                own_names(public_url=settings.public_url, host=settings.host, allowed=settings.allowed_hosts),
                allows_addresses=settings.defaults.may_be_any_address,
            ),
            limits=limits,
            shared=shared,
            costs=Costs(document),
            usage=service.usage,
            callers=service.callers,
        ),
        origins=Origins(settings.cors_origins),
        access_log=access_log,
        security_headers=security_headers(hsts=settings.defaults.hsts),
        max_body_bytes=settings.max_body_bytes,
        max_upload_bytes={UPLOADED_TO: settings.upload_max_bytes},
        max_json_depth=settings.defaults.http.max_json_depth,
    )


def _methods(document: Mapping[str, Any]) -> list[str]:
    """Return the methods that the API has."""
    return sorted({"HEAD", *(method.upper() for operations in document["paths"].values() for method in operations)})
