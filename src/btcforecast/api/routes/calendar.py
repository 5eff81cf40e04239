"""Scheduled events."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from btcforecast.api.access import ServiceDep
from btcforecast.api.answers import calendar as answers
from btcforecast.api.conditional import answer
from btcforecast.api.schemas.calendar import CalendarAnswer
from btcforecast.api.text import instant

router = APIRouter(prefix="/v1", tags=["market"])


@router.get("/calendar", response_model=CalendarAnswer)
async def calendar(
    request: Request,
    service: ServiceDep,
    *,
    from_: Annotated[
        str | None, Query(alias="from", description="Only events at or after this instant, RFC 3339.", max_length=40)
    ] = None,
    to: Annotated[str | None, Query(description="Only events before this instant, RFC 3339.", max_length=40)] = None,
    kind: Annotated[
        str | None, Query(description="Only this kind of event, such as fomc.", max_length=32, pattern="^[a-z][a-z0-9_]*$")
    ] = None,
    limit: Annotated[
        int, Query(description="How many at most; those at the last one's instant come with it.", ge=1, le=2000)
    ] = 500,
) -> Response:
    """Return the scheduled events that models are told of, oldest first; none where no calendar was given."""
    found = await answers.calendar(service, begin=instant(from_, "from"), end=instant(to, "to"), kind=kind, limit=limit)
    return answer(request, found, max_age_s=30)
