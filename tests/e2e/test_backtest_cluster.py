"""`btcforecast backtest --cluster` with a real Dask scheduler and workers on loopback, which share no folder with the client."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from test_backtest import TOY, command, digests, run, run_json

ASKED = ("--models", "gated:Gated,toy:Wide", "--horizons", "1h,24h", "--paths", "--n-paths", "20", "--every", "6h")
MORE = ("--refit-every", "3d", "--baselines", "toy:Wide")
GATED = '''
"""A model whose first fit anywhere never ends, where a gate stands; the others go on."""
import os
import time
from pathlib import Path

from toy import Gaussian

if "DIES" in os.environ:
    os._exit(1)


class Gated(Gaussian):
    name = "gated"

    @classmethod
    def _fit(cls, history):
        gate = Path(os.environ.get("GATE", "nowhere"))
        if gate.is_dir():
            try:
                (gate / "held").touch(exist_ok=False)
            except FileExistsError:
                return super()._fit(history)
            (gate / "pid").write_text(str(os.getpid()))
            while True:
                time.sleep(60)
        return super()._fit(history)
'''


def until(found: Callable[[], bool]) -> None:
    """Poll, because another process decides when it comes true."""
    give_up = time.monotonic() + 60
    while not found():
        assert time.monotonic() < give_up
        time.sleep(0.01)


@contextmanager
def process(arguments: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules")
    (folder / "gated.py").write_text(GATED)
    return folder


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler."""
    import json

    file = tmp_path_factory.mktemp("scheduler") / "scheduler.json"
    arguments = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    with process(arguments, dict(os.environ)):
        until(lambda: file.is_file() and file.read_text().endswith("}"))
        yield str(json.loads(file.read_text())["address"])


@contextmanager
def worker(scheduler: str, folder: Path, path: str, **env: str) -> Iterator[None]:
    """Start a worker in an empty folder of its own."""
    folder.mkdir()
    arguments = ["worker", scheduler, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    arguments += ["--local-directory", str(folder)]
    with process(arguments, os.environ | {"PYTHONPATH": path} | env):
        yield


@pytest.fixture
def as_here(modules: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make the gated model known here, and return the path that makes it known to a worker."""
    monkeypatch.syspath_prepend(str(modules))
    return f"{modules}{os.pathsep}{TOY}"


@pytest.mark.parametrize("names", [("one", "two"), ("only",)])
def test_a_lost_worker_loses_no_result(names: tuple[str, ...], as_here: str, scheduler: str, candle_file: Path, tmp_path: Path):
    arguments = command(candle_file, *ASKED, *MORE)
    run_json(tmp_path, [*arguments, "--export", str(tmp_path / "alone")])
    gate = tmp_path / "gate"
    gate.mkdir()
    env = os.environ | {"PYTHONPATH": as_here, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(worker(scheduler, tmp_path / name, as_here, GATE=str(gate)))
        wait_for_workers(scheduler, len(names))
        together = [*arguments, "--export", str(tmp_path / "together"), "--cluster", scheduler]
        client = subprocess.Popen(together, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        until(lambda: client.poll() is not None or ((gate / "pid").is_file() and (gate / "pid").read_text() != ""))
        assert client.poll() is None, client.communicate()[1].decode()
        os.kill(int((gate / "pid").read_text()), signal.SIGKILL)
        if len(names) == 1:
            # The candles died with the only worker that had them; they are sent once more.
            stack.enter_context(worker(scheduler, tmp_path / "next", as_here, GATE=str(gate)))
        _, stderr = client.communicate(timeout=120)
        assert client.returncode == 0, stderr.decode()
    assert digests(tmp_path / "together") == digests(tmp_path / "alone")
    assert not [path for name in names for path in (tmp_path / name).rglob("*.parquet")]


@pytest.mark.usefixtures("as_here")
def test_a_worker_without_the_model_is_named(scheduler: str, candle_file: Path, tmp_path: Path):
    with worker(scheduler, tmp_path / "three", str(TOY)):
        wait_for_workers(scheduler, 1)
        done = run(tmp_path, command(candle_file, *ASKED, *MORE, "--cluster", scheduler))
    assert done.returncode == 1
    assert "cannot take part" in done.stderr
    assert "gated" in done.stderr


@pytest.mark.parametrize("has_another", [True, False])
def test_a_worker_that_dies_while_it_is_checked_is_left_out(
    *, has_another: bool, as_here: str, scheduler: str, candle_file: Path, tmp_path: Path
):
    with ExitStack() as stack:
        stack.enter_context(worker(scheduler, tmp_path / "dying", as_here, DIES="1"))
        if has_another:
            stack.enter_context(worker(scheduler, tmp_path / "living", as_here))
        wait_for_workers(scheduler, 1 + has_another)
        done = run(tmp_path, command(candle_file, *ASKED, *MORE, "--cluster", scheduler))
    assert "was lost while it was checked" in done.stderr.replace("\n", " ")
    assert done.returncode == (0 if has_another else 1), done.stderr
    assert ("has no workers left" in done.stderr.replace("\n", " ")) is not has_another


@pytest.mark.parametrize(
    ("address", "says", "code"),
    [
        ("tcp://127.0.0.1:9", "No Dask scheduler answers at tcp://127.0.0.1:9", 1),
        *(
            (address, f"“{address}” is not the address of a Dask scheduler, such as tcp://host:8786.", 2)
            for address in ("foo", "carrier-pigeon://loft:1", "tcp://host", "tcp://host:http", "tcp://[::1:8786", "tcp://:8786")
        ),
    ],
)
def test_an_address_that_leads_nowhere_is_said(
    address: str, says: str, *, code: int, candle_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("btcforecast.cli.backtest.cluster._TIMEOUT_S", 1)
    done = run(tmp_path, command(candle_file, "--horizons", "1h", "--cluster", address))
    assert done.returncode == code, done.stderr
    assert says in done.stderr.replace("\n", " ")


def test_a_cluster_without_workers_is_said(scheduler: str, candle_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    wait_for_workers(scheduler, 0)
    monkeypatch.setattr("btcforecast.cli.backtest.cluster._TIMEOUT_S", 1)
    done = run(tmp_path, command(candle_file, "--horizons", "1h", "--cluster", scheduler))
    assert done.returncode == 1
    assert "has no workers" in done.stderr


def test_without_the_extra_the_command_says_what_to_install(candle_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = run(tmp_path, command(candle_file, "--horizons", "1h", "--cluster", "tcp://127.0.0.1:9"))
    assert done.returncode == 2
    assert "pip install 'btcforecast[cluster]'" in done.stderr


def wait_for_workers(scheduler: str, n: int) -> None:
    from distributed import Client

    with Client(scheduler, set_as_default=False) as client:
        until(lambda: len(client.scheduler_info()["workers"]) == n)
