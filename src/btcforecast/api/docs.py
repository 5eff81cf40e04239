"""The reference as a page of our own: the usual viewers load scripts from elsewhere or inline, which our policy forbids."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request, Response

from btcforecast.api.conditional import content
from btcforecast.api.problems import LOCKED_TITLE, STALE_LOGIN_TITLE, TITLES, WITHHELD_TITLES

_ASSETS: Final = Path(__file__).parent / "docs_assets"
_TYPES: Final = {"docs.css": "text/css", "docs.js": "text/javascript"}
Document = Mapping[str, Any]


def add_docs(app: FastAPI, document: Document) -> None:
    """Serve /docs, what it needs, and /openapi.json."""
    page = docs_page(document).encode()
    machine = json.dumps(document, ensure_ascii=False).encode()

    async def docs(request: Request) -> Response:
        return content(request, page, media_type="text/html", max_age_s=60)

    async def openapi(request: Request) -> Response:
        return content(request, machine, media_type="application/json", max_age_s=60)

    app.add_route("/docs", docs, include_in_schema=False)
    app.add_route("/openapi.json", openapi, include_in_schema=False)
    for name, media_type in _TYPES.items():
        app.add_route(f"/docs/{name}", _asset((_ASSETS / name).read_bytes(), media_type), include_in_schema=False)


def docs_page(document: Document) -> str:
    """Return the whole reference as HTML."""
    operations = [
        (path, method, operation) for path, methods in document["paths"].items() for method, operation in methods.items()
    ]
    links = "".join(
        f'<li><a href="#{escape(operation["operationId"])}">{escape(path)}</a></li>' for path, _, operation in operations
    )
    problems = "".join(
        f'<tr id="problem-{title.lower().replace(" ", "-")}"><td>{status}</td><td>{escape(title)}</td></tr>'
        for status, title in [
            *TITLES.items(),
            (401, STALE_LOGIN_TITLE),
            (429, LOCKED_TITLE),
            *((503, title) for title in WITHHELD_TITLES.values()),
        ]
    )
    sections = "".join(_operation(path, method, operation, document) for path, method, operation in operations)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>btcforecast API</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        '<link rel="icon" href="/favicon.svg" type="image/svg+xml"><link rel="stylesheet" href="/docs/docs.css"><script src="/docs/docs.js" defer></script></head><body>'
        f'<nav aria-label="Operations"><a href="/">btcforecast</a><ul>{links}</ul></nav><main><h1>btcforecast API</h1>'
        f"<p>{escape(document['info']['description'])}</p>"
        f'<p>Version {escape(document["info"]["version"])} · <a href="/openapi.json">openapi.json</a></p>'
        f"{sections}<h2>Problems</h2><p>Errors are <code>application/problem+json</code> (RFC 9457).</p>"
        f"<table><thead><tr><th>status</th><th>kind</th></tr></thead><tbody>{problems}</tbody></table></main></body></html>"
    )


def _operation(path: str, method: str, operation: Mapping[str, Any], document: Document) -> str:
    parameters = operation.get("parameters", [])
    rows = "".join(_parameter(parameter, document) for parameter in parameters)
    answers = "".join(
        f"<li><code>{escape(status)}</code> {escape(answer['description'])}{_models(answer)}</li>"
        for status, answer in operation["responses"].items()
    )
    name = escape(operation["operationId"])
    return (
        f'<section id="{name}"><h2><span>{method.upper()}</span> <code>{escape(path)}</code></h2>'
        f"<p>{escape(operation.get('description', ''))} Costs {operation['x-cost']}.</p>"
        f'<form data-path="{escape(path)}">{rows}<button>Try it</button> <output></output></form>'
        f"<details><summary>Answers</summary><ul>{answers}</ul></details></section>"
    )


def _parameter(parameter: Mapping[str, Any], document: Document) -> str:
    schema = parameter["schema"]
    variants = [schema, *schema.get("anyOf", [])]
    resolved = [_resolved(variant, document) for variant in variants]
    choices = next((variant["enum"] for variant in resolved if "enum" in variant), None)
    name, default = escape(parameter["name"]), schema.get("default")
    required = " required" if parameter.get("required") else ""
    label = f"{name}<small>{escape(' '.join(parameter.get('description', '').split()))}</small>"
    if choices is not None:
        options = "".join(
            f"<option{' selected' if choice == default else ''}>{escape(str(choice))}</option>"
            for choice in ([] if required or default is not None else [""]) + list(choices)
        )
        field = f'<select name="{name}" data-in="{parameter["in"]}">{options}</select>'
    else:
        shown = "" if default is None else f' placeholder="{escape(str(default))}"'
        field = f'<input name="{name}" data-in="{parameter["in"]}"{shown}{required}>'
    return f"<label><span>{label}</span>{field}</label>"


def _resolved(schema: Mapping[str, Any], document: Document) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Mapping[str, Any] = document["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def _models(answer: Mapping[str, Any]) -> str:
    names = [
        f"<code>{escape(kind)}</code> {escape(body.get('schema', {}).get('$ref', '').rpartition('/')[2])}"
        for kind, body in answer.get("content", {}).items()
    ]
    return f" — {', '.join(names)}" if names else ""


def _asset(body: bytes, media_type: str) -> Any:
    async def asset(request: Request) -> Response:
        return content(request, body, media_type=media_type, max_age_s=60)

    return asset
