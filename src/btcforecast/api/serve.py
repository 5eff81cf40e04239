"""The web process: `btcforecast serve` becomes this, so that nothing that serving does not need stays in memory."""

from __future__ import annotations

import os
import sys
from typing import Final, NoReturn

import uvicorn

from btcforecast.api.app import create_app
from btcforecast.bootstrap import open_database
from btcforecast.settings import Settings, load_settings
from btcforecast.telemetry.logs import configure_logs

_STOP_WITHIN_S: Final = 10
_ALLOCATOR: Final = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}
"""Memory of large answers goes back to the system when they are sent: threads share arenas, and what is large is mapped by itself.
Without it the process would keep what its largest answers took (mallopt(3))."""


def become_server() -> NoReturn:
    """Replace this process by the web process; it keeps its number and its signals."""
    command = [sys.executable, "-m", "btcforecast.api.serve"]
    os.execve(sys.executable, command, {**_ALLOCATOR, **os.environ})  # noqa: S606  # our own module


def server(settings: Settings) -> uvicorn.Server:
    """Return the server of the API and the page, not yet running."""
    config = uvicorn.Config(
        create_app(settings, open_database(settings)),
        host=settings.host,
        port=settings.port,
        # The application writes one structured line a request itself, and knows which proxies to believe.
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        http="httptools",
        timeout_graceful_shutdown=_STOP_WITHIN_S,
    )
    return uvicorn.Server(config)


def main() -> None:
    """Serve until stopped."""
    settings = load_settings()
    configure_logs(level=settings.log_level, as_json=settings.log_format == "json")
    server(settings).run()


if __name__ == "__main__":
    main()
