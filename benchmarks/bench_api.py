"""The latest-forecast endpoint against a bare ASGI app that sends the same bytes, both on uvicorn on loopback.

    python benchmarks/bench_api.py [--seconds 5] [--clients 32] [--requests 1000000] [--json FILE]

Prints requests a second of both and their ratio, latency at half of saturation, errors, and the resident memory of the web process.
Rates are taken in alternating rounds, so that a busy machine disturbs both alike; processor time a request does not depend on what
else runs, so its ratio is the steadier figure. `--requests` adds a run of so many requests
in which every answer's status and length are checked.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

PATH = "/v1/forecasts/latest"
ROUNDS = 5


@dataclass
class Server:
    """A server process and where it listens."""

    process: subprocess.Popen[bytes]
    port: int


@dataclass
class Load:
    """What a run of the load generator saw."""

    n: int
    seconds: float
    errors: int
    latencies_ms: list[float]

    @property
    def rate(self) -> float:
        """Return requests a second."""
        return self.n / self.seconds


def serve_bare(port: int, body_file: str) -> None:
    import uvicorn

    body = Path(body_file).read_bytes()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

    async def app(scope, receive, send):  # noqa: ANN001, ANN202, ARG001  # the ASGI signature
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    uvicorn.run(
        app,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        loop="uvloop",
        http="httptools",
    )


def start_ours(port: int, folder: str) -> subprocess.Popen[bytes]:
    """Start the web process as `btcforecast serve` ends up running it."""
    given = {
        "DATABASE_URL": f"sqlite:///{folder}/bench.db",
        "SIGNING_KEY_FILE": f"{folder}/signing.key",
        "RATE_LIMIT": "100000000/minute",
        "LOG_LEVEL": "INFO",
        "LOG_FORMAT": "json",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "MALLOC_ARENA_MAX": "2",
    }
    log = Path(folder, "serve.log").open("w")  # noqa: SIM115  # open as long as the process
    command = [sys.executable, "-m", "btcforecast.api.serve"]
    return subprocess.Popen(command, env={**os.environ, **given}, cwd=folder, stderr=log)


async def drive(  # noqa: C901  # one asyncio protocol, whole
    port: int,
    *,
    clients: int,
    seconds: float | None = None,
    n_requests: int | None = None,
    rate: float | None = None,
    credentials: Sequence[str] = (),
) -> Load:
    """Send requests over kept connections, as fast as possible or at a rate, and check every answer.

    credentials: keys or tokens, one a connection.
    """
    head = f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    requests = [f"{head}Authorization: Bearer {text}\r\n\r\n".encode() for text in credentials] or [f"{head}\r\n".encode()]
    load = Load(0, 0.0, 0, [])
    began = time.perf_counter()
    until = None if seconds is None else began + seconds
    loop = asyncio.get_running_loop()

    class Connection(asyncio.Protocol):
        """One client: sends, waits for the whole answer, sends again."""

        def __init__(self, place: int) -> None:
            self.place = place
            self.buffer = b""
            self.missing = 0
            self.sent_at = 0.0
            self.done = loop.create_future()
            self.next_at = began + place / rate if rate else 0.0

        def connection_made(self, transport) -> None:  # noqa: ANN001  # asyncio hands over one of several
            self.transport = transport
            self.send()

        def send(self) -> None:
            now = time.perf_counter()
            if (until is not None and now >= until) or (n_requests is not None and load.n + load.errors + clients > n_requests):
                self.finish()
                return
            if rate and now < self.next_at:
                loop.call_later(self.next_at - now, self.send)
                return
            # At a rate, waiting in line counts: latency is measured from when the request was due.
            self.sent_at = self.next_at if rate else now
            self.next_at += clients / rate if rate else 0
            self.transport.write(requests[self.place % len(requests)])

        def data_received(self, data: bytes) -> None:
            if self.missing:
                self.missing -= len(data)
            else:
                self.buffer += data
                head, end, rest = self.buffer.partition(b"\r\n\r\n")
                if not end:
                    return
                self.buffer = b""
                if not head.startswith(b"HTTP/1.1 200"):
                    load.errors += 1
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                self.missing = length - len(rest)
            if self.missing < 0:
                load.errors += 1
                self.finish()
            elif self.missing == 0:
                load.n += 1
                if n_requests is None:
                    load.latencies_ms.append(1000 * (time.perf_counter() - self.sent_at))
                self.send()

        def connection_lost(self, _error: Exception | None) -> None:
            if not self.done.done():
                load.errors += 1
                self.done.set_result(None)

        def finish(self) -> None:
            if not self.done.done():
                self.done.set_result(None)
            self.transport.close()

    made = [await loop.create_connection(lambda place=place: Connection(place), "127.0.0.1", port) for place in range(clients)]
    await asyncio.gather(*(connection.done for _, connection in made))
    load.seconds = time.perf_counter() - began
    return load


async def measure(arguments: argparse.Namespace, bare: Server, ours: Server) -> dict[str, object]:
    options = {"clients": arguments.clients, "seconds": arguments.seconds / ROUNDS}
    for server in (bare, ours):
        await drive(server.port, clients=arguments.clients, seconds=0.5)
    rounds, costs = [], []
    for _ in range(ROUNDS):
        before = cpu_s(bare), cpu_s(ours)
        theirs, mine = await drive(bare.port, **options), await drive(ours.port, **options)
        rounds.append((theirs, mine))
        costs.append(((cpu_s(bare) - before[0]) / theirs.n, (cpu_s(ours) - before[1]) / mine.n))
    ratios = [mine.rate / theirs.rate for theirs, mine in rounds]
    saturated = statistics.median(mine.rate for _, mine in rounds)
    half = await drive(ours.port, clients=arguments.clients, seconds=arguments.seconds, rate=saturated / 2)
    latencies = sorted(half.latencies_ms)
    found = {
        "bare_per_s": round(statistics.median(theirs.rate for theirs, _ in rounds)),
        "ours_per_s": round(saturated),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
        "bare_cpu_us": round(1e6 * statistics.median(theirs for theirs, _ in costs), 1),
        "ours_cpu_us": round(1e6 * statistics.median(mine for _, mine in costs), 1),
        "cpu_ratio": round(statistics.median(theirs / mine for theirs, mine in costs), 3),
        "half_rate_per_s": round(half.rate),
        "half_p50_ms": round(latencies[len(latencies) // 2], 2),
        "half_p99_ms": round(latencies[int(len(latencies) * 0.99)], 2),
        "errors": half.errors + sum(mine.errors for _, mine in rounds),
    }
    if arguments.requests:
        many = await drive(ours.port, clients=arguments.clients, n_requests=arguments.requests)
        found |= {"many": many.n, "many_errors": many.errors, "many_per_s": round(many.rate)}
    return found


def seeded_store() -> ModuleType:
    path = Path(__file__).parents[1] / "tests" / "api" / "seeded_store.py"
    spec = importlib.util.spec_from_file_location("seeded_store", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["seeded_store"] = module
    spec.loader.exec_module(module)
    return module


async def prepare(folder: str) -> None:
    """Seed a store as it would stand now, and keep the published bytes for the bare app."""
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    from btcforecast.store.database import Database

    store = seeded_store()
    now = int(time.time())
    database = Database(f"sqlite:///{folder}/bench.db")
    await database.migrate()
    await store.seed(database, store.make_signer(Path(folder)), now=now - now % 3600 + 90, n_replayed=1)
    await database.close()


def fetch(port: int) -> bytes:
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{port}{PATH}") as answer:  # loopback
        return answer.read()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def start(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, __file__, *arguments])


def wait_until_served(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit("The server did not start.")


def memory_mb(process: subprocess.Popen[bytes]) -> float:
    import psutil

    return round(psutil.Process(process.pid).memory_info().rss / 1e6, 1)


def cpu_s(server: Server) -> float:
    import psutil

    times = psutil.Process(server.process.pid).cpu_times()
    return times.user + times.system


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--requests", type=int, default=0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(prepare(folder))
        bare_port, our_port = free_port(), free_port()
        ours = start_ours(our_port, folder)
        bare = None
        try:
            wait_until_served(our_port)
            body = Path(folder, "body")
            body.write_bytes(fetch(our_port))
            before_mb = memory_mb(ours)
            bare = start("serve-bare", str(bare_port), str(body))
            wait_until_served(bare_port)
            import uvloop

            found = uvloop.run(measure(arguments, Server(bare, bare_port), Server(ours, our_port)))
            found |= {"body_bytes": body.stat().st_size, "rss_before_mb": before_mb, "rss_after_mb": memory_mb(ours)}
        finally:
            for process in (ours, bare):
                if process is not None:
                    process.terminate()
                    process.wait()
    print(json.dumps(found, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve-bare"]:
        serve_bare(int(sys.argv[2]), sys.argv[3])
    else:
        main()
