"""Does the pieces of a backtest, on one core or several; `cluster.py` does them on other machines."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import scipy.linalg  # noqa: F401  # the limit on threads reaches only libraries that are loaded
from threadpoolctl import threadpool_limits

from btcforecast import __version__, engine
from btcforecast.cli.backtest.files import Keep, PathWriter, keep_piece
from btcforecast.cli.backtest.folder import Folder
from btcforecast.core import LEVELS, Candles, to_rfc3339
from btcforecast.engine.backtest import Piece, Plan, batches, log_returns, walk
from btcforecast.engine.models.catalogue import load_model
from btcforecast.engine.models.contract import Model
from btcforecast.engine.scoring import score_many

_FORMAT: Final = 2


def describe(plan: Plan, candles: Candles) -> dict[str, Any]:
    """Return everything that decides the result; a folder whose description differs belongs to another run."""
    return {
        "format": _FORMAT,
        "version": __version__,
        "from": to_rfc3339(plan.first_at),
        "to": to_rfc3339(plan.end_at),
        "every_s": plan.every_s,
        "models": {name: code_digest(name) for name in plan.models},
        "horizons": [str(horizon) for horizon in plan.horizons],
        "refit_every_s": plan.refit_every_s,
        "train_from": None if plan.train_from is None else to_rfc3339(plan.train_from),
        "train_until": None if plan.train_until is None else to_rfc3339(plan.train_until),
        "n_paths": plan.n_paths,
        "seed": plan.seed,
        "calendar_sha256": plan.calendar.digest() if len(plan.calendar) else None,
        "candles_sha256": candles.digest(),
        "levels": LEVELS.tolist(),
    }


def run_pieces(
    plan: Plan, candles: Candles, folder: Folder, *, with_paths: bool, jobs: int, on_progress: Callable[[int], None]
) -> None:
    """Do every piece that is not done yet. on_progress: told how many more forecasts are made."""
    work = batches([piece for piece in plan.pieces() if not folder.is_done(piece)], n_workers=jobs)
    if jobs == 1:
        for pieces in work:
            do_batch(plan, pieces, candles, folder.keep, with_paths=with_paths, on_progress=on_progress)
        return
    import joblib

    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    tasks = (joblib.delayed(_do_and_keep)(plan, pieces, candles, folder.root, with_paths=with_paths) for pieces in work)
    for n_done in parallel(tasks):
        on_progress(n_done)


def do_batch(
    plan: Plan,
    pieces: Sequence[Piece],
    candles: Candles,
    keep: Keep,
    *,
    with_paths: bool,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Do neighbouring pieces of one model, hand over the files of each and return how many forecasts were made."""
    writer: PathWriter | None = None

    def on_paths(as_of: int, prices: Any) -> None:
        nonlocal writer
        piece = next(piece for piece in pieces if piece.first_at <= as_of < piece.end_at)
        if writer is None or writer.piece != piece:
            writer = PathWriter(piece, keep)
        writer(as_of, prices)

    model_class = load_model(pieces[0].model)
    n_done = 0
    sink = on_paths if with_paths and plan.n_paths else None
    walking = walk(plan, pieces, candles, model_class=model_class, on_paths=sink, on_progress=on_progress)
    # Matrix products differ in their last bits with the number of threads; a result must not depend on the machine's cores.
    with threadpool_limits(1):
        for piece, walked in zip(pieces, walking, strict=True):
            if writer is not None:
                writer.flush()
            outcomes = log_returns(candles, walked.as_of, plan.horizons)
            scores = [score_many(walked.quantiles[:, j], outcomes[:, j]) for j in range(len(plan.horizons))]
            keep_piece(plan, piece, walked, scores=scores, keep=keep)
            n_done += len(walked.as_of)
    return n_done


def code_digest(name: str) -> str:
    """Return a digest of the engine's source and the model's own, so that a changed model does not go on where its older self stopped."""
    sha = hashlib.sha256(name.encode())
    files = _files_below("engine", engine.__path__) | _files_of(load_model(name))
    for place, path in sorted(files.items()):
        code = path.read_bytes()
        sha.update(f"\0{place}\0{len(code)}\0".encode() + code)
    return sha.hexdigest()[:16]


def _files_of(model: type[Model]) -> dict[str, Path]:
    """Return the source of the whole packages that the class and its bases come from, other than this one and Python's own."""
    found: dict[str, Path] = {}
    names = {base.__module__.partition(".")[0] for base in model.__mro__}
    for name in names - {"btcforecast"} - sys.stdlib_module_names:
        module = sys.modules[name]
        if hasattr(module, "__path__"):
            found |= _files_below(name, module.__path__)
        elif module.__file__ is not None:
            found[name] = Path(module.__file__)
    return found


def _files_below(name: str, folders: Iterable[str]) -> dict[str, Path]:
    """Return every source file by its place within the package, which is the same on every machine."""
    return {f"{name}/{path.relative_to(root).as_posix()}": path for root in map(Path, folders) for path in root.rglob("*.py")}


def _do_and_keep(plan: Plan, pieces: Sequence[Piece], candles: Candles, root: Path, *, with_paths: bool) -> int:
    return do_batch(plan, pieces, candles, Folder(root).keep, with_paths=with_paths)
