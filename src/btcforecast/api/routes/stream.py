"""Server-sent events, and metrics."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from btcforecast.api.access import ServiceDep
from btcforecast.api.stream.response import EventStream
from btcforecast.core.errors import InputError
from btcforecast.telemetry.metrics import REGISTRY

router = APIRouter()


@router.get(
    "/v1/stream",
    tags=["stream"],
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events: `price` (without id), `forecast`, `settlement`, `missed_cycle`, `market`, each with JSON "
            "data; comments every 15 seconds keep the connection alive. A `reset` event says that events between were lost.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
    },
)
async def stream(
    service: ServiceDep,
    last_event_id: Annotated[
        str | None, Header(description="The id of the last event received: what came after it is sent first.", max_length=20)
    ] = None,
) -> Response:
    """Stream prices, forecasts and settlements as they happen."""
    if last_event_id and not (last_event_id.isascii() and last_event_id.isdigit()):
        raise InputError(f"Last-Event-ID “{last_event_id}” is not an id of this stream; ids are whole numbers.")
    return EventStream(service.hub.join(after=int(last_event_id) if last_event_id else None))


@router.get(
    "/metrics",
    tags=["status"],
    response_class=Response,
    responses={200: {"description": "Prometheus text.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics() -> Response:
    """Return this process's metrics for Prometheus."""
    return Response(generate_latest(REGISTRY), headers={"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"})
