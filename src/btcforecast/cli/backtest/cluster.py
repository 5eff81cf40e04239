"""Does the pieces of a backtest on the workers of a Dask cluster; their files come back and are written here.

A worker needs the same package and models, and no disk of ours. A worker that is lost costs the batches it was in: the scheduler gives
them to another, and where the candles themselves are lost with the last of their holders, the next round sends them again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import numpy as np

from btcforecast import __version__
from btcforecast.cli.backtest.folder import Folder
from btcforecast.cli.backtest.work import code_digest, do_batch
from btcforecast.cli.context import notes
from btcforecast.core import Candles
from btcforecast.core.errors import InputError, UnavailableError
from btcforecast.engine.backtest import Piece, Plan, batches

if TYPE_CHECKING:
    from distributed import Client

_SCHEMES: Final = ("tcp", "tls", "ws", "wss", "ucx")
_TIMEOUT_S: Final = 15
_ROUNDS_IN_VAIN: Final = 3
_WAITS_S: Final = (0.2, 2.0)


def run_on_cluster(
    address: str, plan: Plan, candles: Candles, folder: Folder, *, with_paths: bool, on_progress: Callable[[int], None]
) -> None:
    """Do every piece that is not done yet on the cluster at `address`. on_progress: told how many more forecasts are made."""
    with _connected(address) as client:
        expected = describe_worker(plan.models)
        _check_workers(client, address, expected)
        in_vain = 0
        while open_pieces := [piece for piece in plan.pieces() if not folder.is_done(piece)]:
            _round(client, plan, open_pieces, candles, folder, with_paths=with_paths, expected=expected, on_progress=on_progress)
            n_left = sum(not folder.is_done(piece) for piece in open_pieces)
            in_vain = in_vain + 1 if n_left == len(open_pieces) else 0
            if in_vain == _ROUNDS_IN_VAIN:
                raise UnavailableError(
                    f"The cluster at {address} finished none of {n_left:,} pieces in {in_vain} rounds. "
                    "What was finished before is kept; the same command goes on."
                )


def describe_worker(models: Sequence[str]) -> dict[str, str]:
    """Return what must be the same wherever a backtest is worked on."""
    return {"btcforecast": __version__, "numpy": np.__version__, **{name: code_digest(name) for name in models}}


def do_batch_remotely(
    plan: Plan, pieces: Sequence[Piece], candles: Candles, *, with_paths: bool, expected: Mapping[str, str]
) -> tuple[list[tuple[str, bytes]], int]:
    """Return the files of a batch, markers last in each piece, and how many forecasts were made."""
    # Also here, because a worker may have joined after the others were asked.
    found = describe_worker(plan.models)
    if found != expected:
        raise RuntimeError(_difference(found, expected))
    files: list[tuple[str, bytes]] = []
    n_done = do_batch(plan, pieces, candles, lambda name, data: files.append((name, data)), with_paths=with_paths)
    return files, n_done


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    # Dask takes most of a minute, and an exception in its finaliser, to give up on what is no address.
    if not _is_address(address):
        raise InputError(f"“{address}” is not the address of a Dask scheduler, such as tcp://host:8786.")
    try:
        from distributed import Client
    except ImportError as e:
        raise InputError("--cluster needs the extra “cluster”: pip install 'btcforecast[cluster]'.") from e
    try:
        client = Client(address, timeout=_TIMEOUT_S, set_as_default=False)
    except OSError as e:
        raise UnavailableError(f"No Dask scheduler answers at {address}: {e}") from e
    try:
        yield client
    finally:
        client.close()


def _is_address(text: str) -> bool:
    """Say whether the text is scheme://host:port and nothing more."""
    try:
        parts = urlsplit(text)
        return parts.scheme in _SCHEMES and bool(parts.hostname and parts.port) and text == f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        return False


def _check_workers(client: Client, address: str, expected: Mapping[str, str]) -> None:
    try:
        client.wait_for_workers(1, timeout=_TIMEOUT_S)
    except OSError as e:
        raise UnavailableError(f"The Dask scheduler at {address} has no workers.") from e
    try:
        client.get_versions(check=True)
    except ValueError as e:
        raise UnavailableError(f"The cluster at {address} runs other versions than this process. {e}") from e
    models = [name for name in expected if name not in ("btcforecast", "numpy")]
    answers = client.run(describe_worker, models, on_error="return")
    for worker, found in answers.items():
        if isinstance(found, OSError):
            # It died while it was asked; the others do its work.
            notes.print(f"The worker {worker} was lost while it was checked: {type(found).__name__}: {found}")
        elif isinstance(found, BaseException):
            raise UnavailableError(f"The worker {worker} cannot take part: {type(found).__name__}: {found}") from found
        elif found != expected:
            raise UnavailableError(f"The worker {worker} cannot take part: {_difference(found, expected)}")
    if all(isinstance(found, OSError) for found in answers.values()):
        raise UnavailableError(f"The Dask scheduler at {address} has no workers left.")


def _round(
    client: Client,
    plan: Plan,
    open_pieces: Sequence[Piece],
    candles: Candles,
    folder: Folder,
    *,
    with_paths: bool,
    expected: Mapping[str, str],
    on_progress: Callable[[int], None],
) -> None:
    """Give out every open piece once and write what comes back; what is lost stays open."""
    from distributed import CancelledError, KilledWorker, as_completed

    n_threads = sum(client.nthreads().values()) or 1
    try:
        held = _send(client, candles)
        futures = [
            client.submit(do_batch_remotely, plan, pieces, held, with_paths=with_paths, expected=expected, pure=False)
            for pieces in batches(open_pieces, n_workers=n_threads)
        ]
        for future in as_completed(futures, loop=client.loop):
            try:
                files, n_done = future.result()
            except CancelledError:
                continue
            for name, data in files:
                folder.keep(name, data)
            on_progress(n_done)
            future.release()
    except KilledWorker as e:
        raise UnavailableError(f"Workers died again and again over the same piece, perhaps for want of memory: {e}") from e
    except OSError as e:
        raise UnavailableError(
            f"The connection to the cluster was lost: {e}. What was finished is kept; the same command goes on."
        ) from e


def _send(client: Client, candles: Candles) -> Any:
    """Give the candles to every worker. Raise OSError where the scheduler is gone, or has no workers left."""
    for wait_s in _WAITS_S:
        try:
            return client.scatter(candles, broadcast=True, hash=False)
        except OSError:
            # A worker that dies breaks the broadcast for all; the scheduler needs a moment to know that it is gone.
            time.sleep(wait_s)
            client.wait_for_workers(1, timeout=_TIMEOUT_S)
    return client.scatter(candles, broadcast=True, hash=False)


def _difference(found: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
    differing = [f"{name} {found.get(name)} instead of {value}" for name, value in expected.items() if found.get(name) != value]
    return f"it has {', '.join(differing)}. Install the same version of everything there as here."
