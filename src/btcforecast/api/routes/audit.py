"""The audit log, for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from btcforecast.api.access import ServiceDep
from btcforecast.api.answers import accounts as answers
from btcforecast.api.permitted import AuditReader
from btcforecast.api.personal import personal
from btcforecast.api.routes.account import CursorQuery, LimitQuery
from btcforecast.api.schemas.accounts import EventList
from btcforecast.api.text import instant

router = APIRouter(prefix="/v1/audit", tags=["audit"])


@router.get("", response_model=EventList, openapi_extra={"x-cost": 5})
async def audit(
    service: ServiceDep,
    _caller: AuditReader,
    *,
    person: Annotated[str | None, Query(description="Who did it, or whom it was done to: a person's id.", max_length=26)] = None,
    action: Annotated[str | None, Query(description="Such as key.created.", pattern="^[a-z_]+\\.[a-z_]+$", max_length=32)] = None,
    result: Annotated[str | None, Query(description="done or refused.", pattern="^(done|refused)$")] = None,
    since: Annotated[str | None, Query(description="RFC 3339: at or after this instant.", max_length=40)] = None,
    until: Annotated[str | None, Query(description="RFC 3339: before this instant.", max_length=40)] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Response:
    """Return entries of the audit log, newest first."""
    found = await answers.events(
        service,
        person_id=person,
        action=action,
        result=result,
        since=instant(since, "since"),
        until=instant(until, "until"),
        cursor=cursor,
        limit=limit,
    )
    return personal(found)
