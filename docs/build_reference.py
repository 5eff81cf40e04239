"""Writes docs/reference and frontend/openapi.json from the code; with --check it only says which of them are stale."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import typer.main
from pydantic_core import PydanticUndefined

from btcforecast.api.openapi import openapi_document
from btcforecast.cli.app import build_app
from btcforecast.settings import Settings
from btcforecast.telemetry import metrics

DOCS = Path(__file__).parent
NOTE = "<!-- Written by `make docs` from the code. Change the code, not this page. -->\n\n"


def pages() -> dict[Path, str]:
    """Return the text of every generated file by its path."""
    document = openapi_document()
    return {
        DOCS / "reference" / "settings.md": NOTE + settings_page(),
        DOCS / "reference" / "cli.md": NOTE + cli_page(),
        DOCS / "reference" / "api.md": NOTE + api_page(document),
        DOCS / "reference" / "metrics.md": NOTE + metrics_page(),
        DOCS.parent / "frontend" / "openapi.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n",
    }


def settings_page() -> str:
    """Return the table of settings."""
    rows = ["# Settings", "", "Environment variables, also read from `.env`. `btcforecast doctor` prints what is in force.", ""]
    rows += ["| variable | default | what it decides |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        value = field.default
        if value is PydanticUndefined:
            shown = "*see right*"
        else:
            text = (
                ",".join(value)
                if isinstance(value, tuple)
                else json.dumps(value)
                if isinstance(value, (bool, dict))
                else str(value)
            )
            shown = f"`{text}`" if text else "*empty*"
        rows.append(f"| `{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(rows) + "\n"


def cli_page() -> str:
    """Return every command with its help."""
    rows = ["# Commands", "", "Exit codes: 0 done · 1 it could not be done · 2 not understood or unusable input · ", ""]
    rows[2] += (
        "3 what was checked is wrong · 130 stopped with Ctrl-C. Data go to standard output, words and progress to standard error."
    )
    for command in _commands(typer.main.get_command(build_app()), "btcforecast"):
        rows += command
    return "\n".join(rows) + "\n"


def _commands(command: click.Command, path: str) -> Iterator[list[str]]:
    inner = getattr(command, "commands", None)
    if inner is not None:
        for name in inner:
            yield from _commands(inner[name], f"{path} {name}")
        return
    rows = [f"## `{path}`", "", _plain(command.help or ""), ""]
    options = [parameter for parameter in command.params if parameter.name != "help"]
    if options:
        rows += ["| parameter | default | meaning |", "|---|---|---|"]
        for parameter in options:
            names = ", ".join([*parameter.opts, *parameter.secondary_opts])
            label = f"`{names}`" if parameter.param_type_name == "option" else f"`{(parameter.name or '').upper()}`"
            default = parameter.default
            shown = "" if default is None or default is False or callable(default) or "UNSET" in repr(default) else f"`{default}`"
            rows.append(f"| {label} | {shown} | {_plain(getattr(parameter, 'help', None) or '').replace('|', chr(92) + '|')} |")
        rows.append("")
    yield rows


def _plain(text: str) -> str:
    return text.replace("[bold]", "`").replace("[/bold]", "`").replace("[/]", "`").strip()


def api_page(document: dict[str, Any]) -> str:
    """Return every operation of the API with its parameters."""
    rows = ["# API", "", "The same as a machine-readable document: `/openapi.json`; to try out: `/docs`.", ""]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            rows += [f"## `{method.upper()} {path}`", "", operation.get("summary", ""), ""]
            if operation.get("description"):
                rows += [operation["description"], ""]
            parameters = operation.get("parameters", [])
            if parameters:
                rows += ["| parameter | in | meaning |", "|---|---|---|"]
                rows += [f"| `{p['name']}` | {p['in']} | {' '.join(p.get('description', '').split())} |" for p in parameters]
                rows.append("")
            rows += [f"Cost: {operation['x-cost']}", ""]
            rows += [
                "Answers: " + ", ".join(f"{status} {answer['description']}" for status, answer in operation["responses"].items()),
                "",
            ]
    return "\n".join(rows) + "\n"


def metrics_page() -> str:
    """Return every metric with its kind and meaning."""
    rows = ["# Metrics", "", "Web processes show theirs at `/metrics`, the worker on `METRICS_PORT`.", ""]
    rows += ["| metric | kind | meaning |", "|---|---|---|"]
    for family in metrics.REGISTRY.collect():
        name = family.name + ("_total" if family.type == "counter" else "")
        rows.append(f"| `{name}` | {family.type} | {family.documentation} |")
    return "\n".join(rows) + "\n"


def stale() -> list[Path]:
    """Return the generated files that differ from what the code says now."""
    return [path for path, text in pages().items() if not path.is_file() or path.read_text() != text]


def main() -> None:
    """Write the files, or check them."""
    outdated = stale()
    if "--check" in sys.argv[1:]:
        for path in outdated:
            print(f"{path.relative_to(DOCS.parent)} is stale; run `make docs`.")  # noqa: T201  # a command's output
        sys.exit(1 if outdated else 0)
    texts = pages()
    for path in outdated:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path])
        print(f"wrote {path.relative_to(DOCS.parent)}")  # noqa: T201  # a command's output


if __name__ == "__main__":
    main()
