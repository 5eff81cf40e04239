"""Schemathesis over the whole OpenAPI document, as one kind of caller: no 5xx, no undocumented answer (SEC-5).

    python security/fuzz.py ADDRESS [--key KEY | --session EMAIL] [--examples 20]

A session is opened anew before each operation, because some end it. Needs the service's environment, to put right what was broken by chance.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import Any

import httpx2
import hypothesis
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

sys.path.insert(0, str(__import__("pathlib").Path(__file__).parent))
from result import DOCUMENT
from target import PASSWORD

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ENDLESS = "/v1/stream"
"""Events come for ever; tests/api/test_process.py covers it."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--key")
    parser.add_argument("--session")
    parser.add_argument("--examples", type=int, default=20)
    given = parser.parse_args()
    counts = {"operations": 0, "requests": 0}
    findings: list[str] = []
    for found in schemathesis.openapi.from_dict(json.loads(DOCUMENT.read_text())).get_all_operations():
        operation = found.ok()
        if operation.path == ENDLESS:
            continue
        counts["operations"] += 1
        try:
            hunt(operation, given, counts)
        except BaseExceptionGroup as e:
            findings.append(f"{operation.method.upper()} {operation.path}: {e.exceptions[0]}")
        except Exception as e:  # noqa: BLE001  # whatever a check raises is a finding
            findings.append(f"{operation.method.upper()} {operation.path}: {e}")
    print(json.dumps({**counts, "findings": findings}))


def hunt(operation: Any, given: argparse.Namespace, counts: dict[str, int]) -> None:
    headers = caller(given)

    @hypothesis.settings(
        max_examples=given.examples, deadline=None, database=None, derandomize=True, print_blob=False,
        suppress_health_check=list(hypothesis.HealthCheck), verbosity=hypothesis.Verbosity.quiet,
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        counts["requests"] += 1
        response = case.call(base_url=given.address, headers=headers)
        if response.status_code == 503 and operation.path.startswith("/health"):
            return
        case.validate_response(response, checks=CHECKS)

    ask()


def caller(given: argparse.Namespace) -> dict[str, str]:
    if given.key:
        return {"Authorization": f"Bearer {given.key}"}
    return {"Authorization": f"Bearer {log_in(given.address, given.session)}"} if given.session else {}


def log_in(address: str, email: str) -> str:
    """Return an access token. What is asked at random may change the password or lock the address; commands put that right."""
    body = {"email": email, "password": PASSWORD}
    found = httpx2.post(f"{address}/v1/auth/login", json=body, timeout=60)
    if found.status_code != 200 or found.json()["session"] is None:
        for command, stdin in (("unlock", ""), ("reset-second-factor", ""), ("password", f"{PASSWORD}\n")):
            subprocess.run(
                [sys.executable, "-m", "btcforecast", "users", command, email],
                input=stdin,
                text=True,
                capture_output=True,
                check=False,
            )
        found = httpx2.post(f"{address}/v1/auth/login", json=body, timeout=60)
    return str(found.json()["session"]["access_token"])


if __name__ == "__main__":
    main()
