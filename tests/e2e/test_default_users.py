"""Default users: only in development, only when asked for, and never where people depend on it (ENV-3, USR-1)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx2

from btcforecast.accounts.defaults import DEFAULT_PEOPLE
from btcforecast.accounts.encryption.secret_key import new_secret_key
from btcforecast.accounts.roles import RoleName
from btcforecast.forecasts.ledger import Signer

SAFE = {
    "ENVIRONMENT": "production",
    "MARKET": "simulated",
    "ALLOW_SQLITE_IN_PRODUCTION": "true",
    "SECRET_KEY": new_secret_key(),
    "PUBLIC_URL": "https://btc.example",
}


def start(folder: Path, command: str, **settings: str) -> subprocess.Popen[str]:
    given = {"DATABASE_URL": f"sqlite:///{folder}/one.db", "LOG_LEVEL": "WARNING", "COLUMNS": "300", **settings}
    return subprocess.Popen(
        [sys.executable, "-m", "btcforecast", command],
        env={**os.environ, **given}, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_development_has_them_when_asked_and_production_refuses_to_start_with_them(tmp_path: Path):
    Signer.load_or_create(tmp_path / "var" / "signing.key")
    port = free_port()
    process = start(tmp_path, "serve", CREATE_DEFAULT_USERS="true", PORT=str(port))
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in DEFAULT_PEOPLE]
    email, password = DEFAULT_PEOPLE[RoleName.OPERATOR]
    assert any(email in line and password in line for line in told)
    transport = httpx2.HTTPTransport(retries=10)
    with httpx2.Client(transport=transport, base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        found = client.post("/v1/auth/login", json={"email": email, "password": password})
    process.terminate()
    process.communicate(timeout=60)
    assert found.json()["session"]["person"]["role"] == "operator"

    for command in ("serve", "worker"):
        refused = start(tmp_path, command, PORT=str(free_port()), **SAFE)
        output, _ = refused.communicate(timeout=60)
        assert refused.returncode == 2, output
        assert "operator@example.org" in output
        assert "Traceback" not in output


def test_nobody_has_a_known_password_unless_asked_for(tmp_path: Path):
    refused = start(tmp_path, "serve", CREATE_DEFAULT_USERS="true", **SAFE)
    output, _ = refused.communicate(timeout=60)
    assert refused.returncode == 2
    assert "CREATE_DEFAULT_USERS is true in production" in output
