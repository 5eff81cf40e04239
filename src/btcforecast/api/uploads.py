"""Candle files over HTTP: streamed to a private file, and read by a command of ours in a process with limits of its own.

The web process loads no numerics and trusts no file, so it only counts bytes. The command stores all good rows in one transaction or none;
a kill on either side leaves nothing half done, and files that a kill left behind go at the next start.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import resource
import secrets
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from btcforecast.core.errors import ConflictError, InputError, UnavailableError

PATH: Final = "/v1/candles/import"
MOST_ROWS: Final = 5_000_000
"""Nine years of one-minute candles."""
_UNPACKED_TIMES: Final = 25
"""Candles as CSV pack to a third or a fifth; what unpacks to more than this is made to."""
_WITHIN_S: Final = 300
_MEMORY: Final = 8 * 1024**3
"""Address space, of which polars reserves much and uses little."""
_KEPT_S: Final = 3600
_NAME: Final = re.compile(r"[\w .()+-]{1,100}\.(csv|csv\.gz|gz|parquet)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Upload:
    """What is said about a file. name: what its sender calls it, for messages alone."""

    name: str
    venue: str
    symbol: str
    is_strict: bool


class Uploads:
    """Takes one file at a time."""

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes: Final = max_bytes
        self._folder: Final = Path(tempfile.gettempdir()) / "btcforecast-uploads"
        self._one_at_a_time: Final = asyncio.Lock()

    async def take(self, body: AsyncIterator[bytes], upload: Upload) -> dict[str, Any]:
        """Import a file and return the report of the command.

        Raises InputError with a sentence that says what is wrong, ConflictError while another file is being read, UnavailableError where
        it takes too long.
        """
        if _NAME.fullmatch(upload.name) is None:
            raise InputError(
                f"“{upload.name[:100]}” is not the name of a candle file: letters, digits and . _ - ( ) +, without a path, ending in .csv, .csv.gz or .parquet."
            )
        if self._one_at_a_time.locked():
            raise ConflictError("Another file is being read here; send this one when that is done.")
        async with self._one_at_a_time:
            path = await asyncio.to_thread(self._new_file)
            try:
                n_bytes = await self._spool(body, path)
                return await self._run(path, upload, n_bytes)
            finally:
                path.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what processes that were killed have left."""
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if path.stat().st_mtime < time.time() - _KEPT_S:
                    path.unlink(missing_ok=True)

    def _new_file(self) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / secrets.token_hex(16)
        path.touch(mode=0o600, exist_ok=False)
        return path

    async def _spool(self, body: AsyncIterator[bytes], path: Path) -> int:
        n_bytes = 0
        with path.open("wb") as file:
            async for block in body:
                n_bytes += len(block)
                if n_bytes > self._max_bytes:
                    raise InputError(f"The file is larger than the {self._max_bytes:,} bytes that are taken at a time; split it.")
                await asyncio.to_thread(file.write, block)
        return n_bytes

    async def _run(self, path: Path, upload: Upload, n_bytes: int) -> dict[str, Any]:
        command = [
            "import", str(path), f"--venue={upload.venue}", f"--symbol={upload.symbol}", "--json", f"--max-rows={MOST_ROWS}",
            f"--max-unpacked-bytes={max(1024 * 1024, _UNPACKED_TIMES * n_bytes)}", *(["--strict"] if upload.is_strict else []),
        ]  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "btcforecast", *command, stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=PIPE
        )
        try:
            _limit(process)
            out, told = await asyncio.wait_for(process.communicate(), _WITHIN_S)
        except TimeoutError as e:
            raise UnavailableError(f"Reading the file took longer than {_WITHIN_S // 60} minutes; split it.") from e
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        if process.returncode == 0:
            report: dict[str, Any] = json.loads(out)
            return report
        words = told.decode(errors="replace").replace(str(path), upload.name).removeprefix("Error: ").strip()
        if process.returncode == 2 and words:
            raise InputError(" ".join(words.split()))
        raise UnavailableError(
            "The file could not be read: its reader ended before it was through. It may need more memory than there is."
        )


def _limit(process: Process) -> None:
    """Bound what the reader may take, where the system can (prlimit(2))."""
    if hasattr(resource, "prlimit"):
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(process.pid, resource.RLIMIT_AS, (_MEMORY, _MEMORY))
            resource.prlimit(process.pid, resource.RLIMIT_CPU, (_WITHIN_S, _WITHIN_S))
