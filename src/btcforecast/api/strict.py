"""Parameters that a route does not know are refused, because a misspelt filter that is ignored gives a wrong answer; so are null bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError


async def refuse_odd_parameters(request: Request) -> None:
    """Raise unless every query parameter is one of the route's, given once, and no parameter holds a null byte.

    PostgreSQL has no text with null bytes, and no value of ours needs one.
    """
    faults = [_null("path", name) for name, value in request.path_params.items() if "\0" in str(value)]
    if not request.scope["query_string"]:
        if faults:
            raise RequestValidationError(faults)
        return
    known: Mapping[str, frozenset[str]] = request.app.state.known_parameters
    names = known.get(getattr(request.scope.get("route"), "path", ""), frozenset())
    faults += [_null("query", name) for name, value in request.query_params.multi_items() if "\0" in name + value]
    for name, n in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in names:
            takes = f"this route takes {', '.join(sorted(names))}" if names else "this route takes none"
            faults.append({"loc": ("query", name), "msg": f"There is no parameter “{name[:40]}”; {takes}.", "type": "refused"})
        elif n > 1:
            faults.append(
                {"loc": ("query", name), "msg": f"“{name}” may be given once only; it was given {n} times.", "type": "refused"}
            )
    if faults:
        raise RequestValidationError(faults)


def _null(place: str, name: str) -> dict[str, object]:
    return {"loc": (place, name.replace("\0", "")), "msg": "It holds a null byte.", "type": "refused"}


def known_parameters(
    document: Mapping[str, Mapping[str, Mapping[str, Mapping[str, list[Mapping[str, str]]]]]],
) -> dict[str, frozenset[str]]:
    """Return the query parameters of every path in the OpenAPI document."""
    return {
        path: frozenset(
            parameter["name"]
            for operation in operations.values()
            for parameter in operation.get("parameters", [])
            if parameter["in"] == "query"
        )
        for path, operations in document["paths"].items()
    }


def add_strictness(
    app: FastAPI, document: Mapping[str, Mapping[str, Mapping[str, Mapping[str, list[Mapping[str, str]]]]]]
) -> None:
    """Let the application know which parameters its routes take."""
    app.state.known_parameters = known_parameters(document)
