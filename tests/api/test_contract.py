"""The OpenAPI document: it is the one on disk, and the service keeps to it whatever is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from serving import served

ROOT = Path(__file__).parents[2]


def test_the_document_that_the_page_is_built_from_is_current():
    found = subprocess.run([sys.executable, "-m", "btcforecast.api.openapi"], capture_output=True, text=True, check=True)
    assert found.stdout == (ROOT / "frontend" / "openapi.json").read_text(), "run `make docs`"


def test_every_operation_says_what_it_answers_and_how_it_fails():
    document = json.loads((ROOT / "frontend" / "openapi.json").read_text())
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["description"], path
            assert any(status.startswith("2") for status in operation["responses"]), path
            assert {"401", "404", "422", "429", "500", "503"} <= set(operation["responses"])
            assert all(parameter.get("description") for parameter in operation.get("parameters", [])), path
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_schema_has_a_name_that_no_other_has():
    # FastAPI joins the modules to the names of two that are called alike, and every client's types change.
    document = json.loads((ROOT / "frontend" / "openapi.json").read_text())
    assert [name for name in document["components"]["schemas"] if "__" in name] == []


def test_nothing_that_can_be_asked_breaks_the_service_or_its_document(sqlite_store: Any, tmp_path: Path):
    script = tmp_path / "hunt.py"
    script.write_text(HUNT)
    with served(sqlite_store.url, sqlite_store.key_file.parent) as (address, _):
        found = subprocess.run(
            [sys.executable, str(script), address, str(ROOT / "frontend" / "openapi.json")],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "NO_COLOR": "1"},
            check=False,
        )
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-3000:]


HUNT = """
import json, sys
import hypothesis
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance, response_headers_conformance, response_schema_conformance, status_code_conformance,
)

address, file = sys.argv[1:]
schema = schemathesis.openapi.from_dict(json.load(open(file)))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
for operation in schema.get_all_operations():
    operation = operation.ok()
    if operation.path == "/v1/stream":
        continue

    @hypothesis.settings(
        max_examples=40, deadline=None, database=None, derandomize=True, print_blob=False,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy())
    def hunt(case):
        response = case.call(base_url=address)
        if response.status_code == 503 and operation.path.startswith("/health"):
            return
        case.validate_response(response, checks=CHECKS)

    hunt()
    print(operation.path)
"""
