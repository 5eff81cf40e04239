"""Errors as RFC 9457 problem documents. Here alone the error tree meets HTTP."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from btcforecast.api.schemas.shared import ParameterError as WrongParameter
from btcforecast.api.schemas.shared import Problem
from btcforecast.api.text import ParameterError
from btcforecast.core.errors import (
    BtcForecastError,
    ConflictError,
    ForbiddenError,
    InputError,
    LockedError,
    NotFoundError,
    StaleLoginError,
    UnauthenticatedError,
    UnavailableError,
    WithheldError,
)

_RETRY_AFTER_S: Final = "30"
_STATUSES: Final[tuple[tuple[type[BtcForecastError], int], ...]] = (
    (InputError, 422),
    (NotFoundError, 404),
    (ConflictError, 409),
    (LockedError, 429),
    (UnauthenticatedError, 401),
    (ForbiddenError, 403),
    (UnavailableError, 503),
)
TITLES: Final = {
    400: "Not HTTP",
    401: "Not logged in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Body too large",
    422: "Not understood",
    408: "Too slow",
    421: "Wrong host",
    429: "Too many requests",
    431: "Headers too large",
    500: "Something went wrong",
    503: "Not available now",
}
_HEADERS: Final = {
    401: {"www-authenticate": 'Bearer realm="btcforecast"'},
    403: {"www-authenticate": 'Bearer realm="btcforecast", error="insufficient_scope"'},
    503: {"retry-after": _RETRY_AFTER_S},
}
"""RFC 6750, section 3, RFC 9470, and RFC 9110, section 10.2.3."""
STALE_LOGIN_TITLE: Final = "Confirm that it is you"
LOCKED_TITLE: Final = "Locked for some time"
WITHHELD_TITLES: Final = {"withheld": "Forecasts withheld", "suspended": "Forecasts suspended"}
"""By the gate's state; each is a 503 of a kind of its own."""
_WRITTEN: Final = {
    "forecast_id": "a forecast's id is an f and 24 of the digits 0 to 9 and a to f",
    "model": "a model's name has lower-case letters, digits and underscores only",
}
_NO_OBJECT: Final = ("model_attributes_type", "model_type", "dict_type")
_INTERNAL: Final = "Something went wrong on this side. The request id names it in the service's logs."
log: Final = structlog.get_logger()


def problem_body(
    status: int,
    detail: str,
    *,
    path: str,
    request_id: str,
    title: str | None = None,
    errors: list[WrongParameter] | None = None,
) -> bytes:
    """Return a problem document. title: of the kind of problem, where the status does not say all."""
    title = title or TITLES.get(status) or HTTPStatus(status).phrase
    kind = f"/docs#problem-{title.lower().replace(' ', '-')}"
    problem = Problem(
        type=kind, title=title, status=status, detail=detail, instance=path, request_id=request_id, errors=errors or []
    )
    return problem.model_dump_json().encode()


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    title: str | None = None,
    errors: list[WrongParameter] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return a problem document as the answer."""
    request_id = request.scope.get("state", {}).get("request_id", "")
    body = problem_body(status, detail, path=request.url.path, request_id=request_id, title=title, errors=errors)
    found = {"cache-control": "no-store", **(headers or {})}
    return Response(body, status_code=status, media_type="application/problem+json", headers=found)


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error with a problem document."""
    app.add_exception_handler(BtcForecastError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(PoolTimeoutError, _database)
    app.add_exception_handler(Exception, _unexpected)


async def _ours(request: Request, error: Exception) -> Response:
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    if status == 500:
        log.error("api.failed", path=request.url.path, exc_info=error)
        return problem(request, 500, _INTERNAL)
    errors = [WrongParameter(parameter=error.parameter, message=str(error))] if isinstance(error, ParameterError) else []
    headers = dict(_HEADERS.get(status, {}))
    title = None
    if isinstance(error, StaleLoginError):
        headers["www-authenticate"] = 'Bearer realm="btcforecast", error="insufficient_user_authentication"'
        title = STALE_LOGIN_TITLE
    if isinstance(error, LockedError):
        headers["retry-after"] = str(error.retry_after_s)
        title = LOCKED_TITLE
    if isinstance(error, WithheldError):
        title = WITHHELD_TITLES[error.state]
        # The gate judges again with the next cycle, not before.
        headers["retry-after"] = str(request.app.state.service.until_next_cycle())
    return problem(request, status, str(error), title=title, errors=errors, headers=headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [WrongParameter(parameter=_name(fault), message=_sentence(fault)) for fault in error.errors()]
    return problem(request, 422, " ".join(f"{fault.parameter}: {fault.message}" for fault in errors), errors=errors)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:
        # The framework's answer to a body that it cannot read at all.
        return problem(request, 422, "The body cannot be read: it is not JSON, or nested without end.")
    detail = {
        404: f"There is nothing at {request.url.path}.",
        405: f"{request.method} is not possible here.",
    }.get(error.status_code, str(error.detail))
    return problem(request, error.status_code, detail, headers=dict(error.headers or {}))


async def _database(request: Request, error: Exception) -> Response:
    log.error("api.database_failed", path=request.url.path, exc_info=error)
    if isinstance(error, (OperationalError, PoolTimeoutError)):
        detail = "The database does not answer at the moment."
        return problem(request, 503, detail, headers={"retry-after": _RETRY_AFTER_S})
    return problem(request, 500, _INTERNAL)


async def _unexpected(request: Request, _error: Exception) -> Response:
    # The edge logs it, with its traceback.
    return problem(request, 500, _INTERNAL)


def _name(fault: Any) -> str:
    location = fault["loc"]
    # The place of what is not JSON is a number of characters.
    return str(location[1]) if len(location) > 1 and fault["type"] != "json_invalid" else str(location[0])


def _sentence(fault: Any) -> str:
    if fault["type"] == "refused":
        return str(fault["msg"])
    if fault["type"] == "json_invalid":
        return f"It is not JSON: {fault['ctx']['error']} at character {fault['loc'][-1]}."
    if fault["loc"] == ("body",) and fault["type"] in _NO_OBJECT:
        return "It must be a JSON object, with “Content-Type: application/json”."
    if fault["loc"][0] not in ("query", "path"):
        # A body may hold a password, also under a name that was mistyped, and what is missing from it would show all of it.
        return f"It cannot be used: {fault['msg']}."
    found = str(fault.get("input", ""))[:80]
    if fault["type"] == "string_pattern_mismatch":
        # A regular expression says nothing to most readers.
        return f"“{found}” cannot be used: {_WRITTEN.get(_name(fault), 'it is not written as it must be')}."
    return f"“{found}” cannot be used: {fault['msg']}."
