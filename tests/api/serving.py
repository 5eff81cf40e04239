"""The real web process on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from btcforecast.accounts.encryption.secret_key import new_secret_key

SECRET_KEY = new_secret_key()
"""Of all services of this test process, so that they can share stores."""


@contextmanager
def served(database_url: str, folder: Path, **environment: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Yield the address of a running web process, and the process; it is ended afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    given = {
        "DATABASE_URL": database_url,
        "SECRET_KEY": SECRET_KEY,
        "SIGNING_KEY_FILE": str(folder / "signing.key"),
        "PORT": str(port),
        "HOST": "127.0.0.1",
        "LOG_LEVEL": "WARNING",
        "RATE_LIMIT": "100000/minute",
        **environment,
    }
    command = [sys.executable, "-m", "btcforecast.api.serve"]
    with (folder / f"serve-{port}.log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **given}, cwd=folder, stderr=log)
    try:
        _wait(port, process)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(5)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        # Waiting on the process is waiting for its port, with an end should it fail.
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    message = f"The web process ended with {process.returncode}."
    raise RuntimeError(message)
