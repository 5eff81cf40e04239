"""The folder of one backtest: files in pieces, so that a run that was stopped goes on; see docs/backtest.md."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from btcforecast.cli.backtest.files import file_of, json_bytes, marker_of
from btcforecast.core.errors import InputError
from btcforecast.engine.backtest import Piece

FOLDERS: Final = ("forecasts", "scores", "path_scores", "paths", "pieces")
RUN_FILE: Final = "run.json"


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of one backtest. Every file appears whole or not at all."""

    root: Path

    def open(self, run: Mapping[str, Any], *, restart: bool) -> int:
        """Make ready for the run that `run` describes and return how many of its pieces an earlier one finished.

        Raises InputError when the folder holds something else; restart: discard what an earlier backtest left here.
        """
        found = self._earlier()
        if restart and found is not None:
            self.discard()
            found = None
        if found is not None and found != run:
            differing = ", ".join(sorted(key for key in {*found, *run} if found.get(key) != run.get(key)))
            raise InputError(
                f"{self.root} holds another backtest: it differs in {differing}. "
                "Choose another folder, or add --restart to discard what is there."
            )
        for name in FOLDERS:
            (self.root / name).mkdir(parents=True, exist_ok=True)
            for left_over in (self.root / name).glob("*.part"):
                left_over.unlink()
        self.keep(RUN_FILE, json_bytes(run))
        return len(list((self.root / "pieces").glob("*.json")))

    def _earlier(self) -> dict[str, Any] | None:
        if not self.root.exists() or not any(self.root.iterdir()):
            return None
        if not (self.root / RUN_FILE).is_file():
            raise InputError(f"{self.root} is not empty and holds no backtest. Choose a new folder.")
        found: dict[str, Any] = json.loads((self.root / RUN_FILE).read_text())
        return found

    def discard(self) -> None:
        """Delete the files of a backtest, and nothing else."""
        for name in FOLDERS:
            shutil.rmtree(self.root / name, ignore_errors=True)
        for pattern in ("*.parquet", RUN_FILE, "leaderboard.json", "report.html", "report.md"):
            for path in self.root.glob(pattern):
                path.unlink()

    def keep(self, name: str, data: bytes) -> None:
        """Write one file, given its path below the folder; it appears whole or not at all."""
        path = self.root / name
        part = path.with_name(path.name + ".part")
        part.write_bytes(data)
        part.replace(path)

    def is_done(self, piece: Piece) -> bool:
        """Say whether all files of the piece are there."""
        return (self.root / marker_of(piece)).is_file()

    def seconds(self, pieces: Sequence[Piece]) -> dict[str, float]:
        """Return the seconds that each model took to fit and forecast."""
        total: dict[str, float] = {}
        for piece in pieces:
            took = json.loads((self.root / marker_of(piece)).read_text())
            total[piece.model] = total.get(piece.model, 0.0) + took["fit_s"] + took["forecast_s"]
        return total

    def read(self, name: str, pieces: Iterable[Piece], columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return what was written for the pieces in `forecasts`, `scores` or `path_scores`, as one table in order of time."""
        paths = [path for piece in pieces if (path := self.root / file_of(name, piece)).is_file()]
        return pl.concat([pl.read_parquet(path, columns=None if columns is None else list(columns)) for path in paths])
