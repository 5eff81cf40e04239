"""The API as a machine-readable document: `python -m btcforecast.api.openapi`."""

from __future__ import annotations

import functools
import json
import sys
from typing import Any, Final

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.types import Lifespan

from btcforecast import __version__
from btcforecast.api.costs import cost_of_operation
from btcforecast.api.schemas.shared import Problem
from btcforecast.api.strict import refuse_odd_parameters

PROBLEMS: Final = {
    "400": "There is not exactly one Host header.",
    "401": "Key, session or link do not count, or one is needed.",
    "404": "There is no such thing.",
    "413": "The request's body is too large.",
    "421": "The Host header names somebody else.",
    "422": "The request cannot be understood.",
    "429": "Too many requests; Retry-After says when to come again.",
    "500": "Something went wrong here.",
    "503": "It cannot be answered now and may be later.",
}
_OF_ACCOUNTS: Final = {
    "403": "Who asks may not do this: the role or the key's scopes do not allow it.",
    "409": "It was done before, or something else stands in its place.",
}
DESCRIPTION: Final = (
    "Bitcoin probability forecasts, sealed before the outcome and scored in public. Every answer about data says where they come from, "
    "how old they are, and whether they are simulated, stale or replayed."
)


@functools.cache
def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document of the routes, which are the same for every application; nobody changes it."""
    app = routed_app()
    document = get_openapi(title="btcforecast", version=__version__, description=DESCRIPTION, routes=app.routes)
    schemas = document["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    # The framework's own errors are never sent.
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["x-cost"] = cost_of_operation(method, path, operation)
            responses = operation["responses"]
            problems = PROBLEMS | _OF_ACCOUNTS if "security" in operation or "log-in" in operation["tags"] else PROBLEMS
            for status, words in problems.items():
                own = responses.get(status, {})
                if status == "422" or not own:
                    responses[status] = {"description": words, "content": content}
                else:
                    own["content"] = {**own.get("content", {}), **content}
            if method == "get":
                responses["304"] = {"description": "Not modified: the ETag in If-None-Match is still current."}
            operation["responses"] = dict(sorted(responses.items()))
    return document


def routed_app(lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """Return an application with all routes and nothing behind them."""
    from btcforecast.api.routes import (  # noqa: PLC0415  # routes import this module's neighbours
        account,
        audit,
        auth,
        calendar,
        forecasts,
        gate,
        ledger,
        market,
        models,
        people,
        probability,
        questions,
        record,
        second_factor,
        second_step,
        sessions,
        status,
        stream,
        uploads,
    )

    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        generate_unique_id_function=_operation_id,
        dependencies=[Depends(refuse_odd_parameters)],
        lifespan=lifespan,
    )
    for module in (
        forecasts,
        probability,
        questions,
        market,
        uploads,
        calendar,
        record,
        gate,
        ledger,
        models,
        stream,
        auth,
        second_step,
        account,
        sessions,
        second_factor,
        people,
        audit,
        status,
    ):
        app.include_router(module.router)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


def main() -> None:
    """Print the document."""
    json.dump(openapi_document(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
