"""The web process: `btcforecast serve` becomes this, so that nothing that serving does not need stays in memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Final, NoReturn

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from btcforecast.api.app import create_app
from btcforecast.api.protocol import bounded
from btcforecast.bootstrap import open_database
from btcforecast.settings import Settings, load_settings
from btcforecast.telemetry.logs import configure_logs

log: Final = structlog.get_logger()
_STOP_WITHIN_S: Final = 10
_ALLOCATOR: Final = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}
"""Memory of large answers goes back to the system when they are sent: threads share arenas, and what is large is mapped by itself.
Without it the process would keep what its largest answers took (mallopt(3))."""


def become_server() -> NoReturn:
    """Replace this process by the web process; it keeps its number and its signals."""
    command = [sys.executable, "-m", "btcforecast.api.serve"]
    os.execve(sys.executable, command, {**_ALLOCATOR, **os.environ})  # noqa: S606  # our own module


def application() -> ASGIApp:
    """Return the application as each of several processes makes it for itself, from the environment."""
    settings = load_settings()
    configure_logs(level=settings.log_level, as_json=settings.log_format == "json")
    return create_app(settings, open_database(settings))


def serving(settings: Settings, app: ASGIApp | str) -> uvicorn.Config:
    """Return how the API and the page are served. app: the application, or the name of what makes it."""
    bounds = settings.defaults.http
    return _Serving(
        app,
        factory=isinstance(app, str),
        workers=settings.web_processes,
        host=settings.host,
        port=settings.port,
        # The application writes one structured line a request itself, and knows which proxies to believe.
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        http=bounded(bounds),
        # No socket of that kind is served, and a request for one is answered as the plain request that it also is.
        ws="none",
        timeout_keep_alive=bounds.keep_alive_s,
        timeout_graceful_shutdown=_STOP_WITHIN_S,
    )


class _Serving(uvicorn.Config):
    """A configuration that goes to another process as what it came from: the environment."""

    def __reduce__(self) -> tuple[Callable[[], uvicorn.Config], tuple[()]]:
        return _of_one_of_several, ()


def _of_one_of_several() -> uvicorn.Config:
    return serving(load_settings(), "btcforecast.api.serve:application")


def main() -> None:
    """Serve until stopped."""
    settings = load_settings()
    configure_logs(level=settings.log_level, as_json=settings.log_format == "json")
    for name, found, remedy in settings.doubts:
        log.warning("settings.unwise", setting=name, found=found, remedy=remedy)
    if settings.web_processes == 1:
        uvicorn.Server(serving(settings, create_app(settings, open_database(settings)))).run()
        return
    config = _of_one_of_several()
    # They share the listening socket; one that ends is replaced, and signals are passed on.
    Multiprocess(config, sockets=[config.bind_socket()]).run()


if __name__ == "__main__":
    main()
