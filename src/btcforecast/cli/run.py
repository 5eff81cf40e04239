"""`run`, `serve` and `worker`: the long-running processes."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from btcforecast.accounts.roles import RoleName
from btcforecast.cli.context import notes, run
from btcforecast.core import SystemClock
from btcforecast.core.errors import SettingsError, UnavailableError
from btcforecast.settings import Settings, load_settings
from btcforecast.store.database import Database, database_url
from btcforecast.telemetry.logs import configure_logs

_STOP_WITHIN_S = 20
_SERVED_WITHIN_S = 180


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("run")(run_all)
    app.command()(serve)
    app.command()(worker)


def run_all() -> None:
    """Start the API, the page and the worker together, and say where to look.

    Stops both on Ctrl-C, and stops when one of them ends by itself. On a machine without a network the simulated market
    stands in, plainly marked.

    Example: [bold]btcforecast run[/]
    """
    settings = load_settings()
    _check_port(settings)
    address = f"http://{settings.host}:{settings.port}"
    notes.print(f"[bold]btcforecast[/] starts on {database_url(settings.database_url)}; stop it with Ctrl-C.")
    # A person reads this: text, and of the web process only what went wrong.
    environment = {"LOG_FORMAT": "console", **os.environ}
    quiet = {"LOG_LEVEL": "WARNING", **environment}
    children = [
        # Started as modules of this interpreter, so that it works from any folder and environment.
        subprocess.Popen(  # noqa: S603  # our own command
            [sys.executable, "-m", "btcforecast", name],
            env=its,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  # no thread runs yet
        )
        for name, its in (("serve", quiet), ("worker", environment))
    ]
    with _passing_on_signals(children):
        if _is_served(settings, children):
            notes.print(f"\n  Page     [bold]{address}[/]\n  API      {address}/docs\n  Health   {address}/health/detailed\n")
        code = _wait_for_the_first_to_end(children)
    raise typer.Exit(code)


def serve() -> None:
    """Serve the API and the page.

    Example: [bold]PORT=8080 btcforecast serve[/]
    """
    from btcforecast.bootstrap import open_database

    settings = load_settings()
    configure_logs(level=settings.log_level, as_json=settings.log_format == "json")
    _check_port(settings)
    run(_prepare(settings, open_database(settings)))
    # Imported after the checks; from here on this process is another program, without what only commands and migrations need.
    from btcforecast.api.serve import become_server

    become_server()


async def _prepare(settings: Settings, database: Database) -> None:
    from btcforecast.accounts.defaults import DEFAULT_PEOPLE, add_default_people, refuse_default_people
    from btcforecast.bootstrap import open_identity

    try:
        await database.migrate()
        if settings.defaults.is_strict:
            await refuse_default_people(database)
        if settings.create_default_users:
            for email in await add_default_people(open_identity(settings, database), at=SystemClock().now()):
                role = email.partition("@")[0]
                notes.print(
                    f"Anybody can log in as {email} with the password “{DEFAULT_PEOPLE[RoleName(role)][1]}”.", soft_wrap=True
                )
    finally:
        await database.close()


def worker() -> None:
    """Fetch candles, issue, seal and settle forecasts on schedule, until stopped.

    Several workers may share one PostgreSQL; give each its own WORKER_NAME.

    Example: [bold]btcforecast worker[/]
    """
    from btcforecast.worker.service import run_worker

    settings = load_settings()
    configure_logs(level=settings.log_level, as_json=settings.log_format == "json")
    run(run_worker(settings))


def _end_with_parent() -> None:
    """Ask the kernel to end this process when its parent is killed, which then cannot do it itself (prctl(2), PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _check_port(settings: Settings) -> None:
    """Refuse a port that is taken before anything starts, because the message is clearer here than anywhere later."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as e:
            message = (
                f"PORT {settings.port} on {settings.host} cannot be used ({e.strerror}); stop what uses it or set another PORT."
            )
            raise SettingsError(message) from e


@contextmanager
def _passing_on_signals(children: list[subprocess.Popen[bytes]]) -> Iterator[None]:
    """End the children when this process is asked to end, and never outlive them or leave them behind."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for child in children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        stop(signal.SIGTERM, None)
        for child in children:
            try:
                child.wait(_STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_served(settings: Settings, children: list[subprocess.Popen[bytes]]) -> bool:
    """Wait until the API takes connections; False when a child ended first."""
    pause = threading.Event()
    for _ in range(_SERVED_WITHIN_S * 10):
        if any(child.poll() is not None for child in children):
            return False
        try:
            socket.create_connection((settings.host, settings.port), timeout=1).close()
        except OSError:
            pause.wait(0.1)
        else:
            return True
    message = f"The API did not take connections on port {settings.port} within {_SERVED_WITHIN_S} seconds."
    raise UnavailableError(message)


def _wait_for_the_first_to_end(children: list[subprocess.Popen[bytes]]) -> int:
    pause = threading.Event()
    while all(child.poll() is None for child in children):
        pause.wait(0.2)
    ended = next(child for child in children if child.poll() is not None)
    # A child that was asked to end did what it should.
    return 0 if ended.returncode in (0, -signal.SIGTERM, -signal.SIGINT) else 1
