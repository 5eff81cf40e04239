"""Fitted model versions in a folder: written whole or not at all, signed, and never believed before they are checked.

`MODEL_PATH/<venue>-<symbol>/<version>/` holds `manifest.note`, a signed note, and `state.npz`, whose digest the manifest names.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import structlog

from btcforecast import __version__
from btcforecast.core import Series, to_rfc3339
from btcforecast.core.errors import InputError, IntegrityError, NotFoundError
from btcforecast.engine.models.catalogue import load_model
from btcforecast.engine.models.contract import Model
from btcforecast.forecasts.arrays import LARGEST_STATE, pack, single_numbers, unpack
from btcforecast.forecasts.ledger.signer import Signer
from btcforecast.forecasts.versions import SIGNED_AS, VERSION_NAME, ModelVersion
from btcforecast.telemetry.metrics import model_refusals

MANIFEST: Final = "manifest.note"
STATE: Final = "state.npz"
_LARGEST_MANIFEST: Final = 256 * 1024
_FILE_MODE: Final = 0o640
_FOLDER_MODE: Final = 0o750
log: Final = structlog.get_logger()


class ModelRegistry:
    """The folder of model versions. Reading and writing block: call from a thread where an event loop runs."""

    def __init__(self, path: Path, signer: Signer, *, find_model: Callable[[str], type[Model]] = load_model) -> None:
        self._path = path
        self._signer = signer
        self._key = signer.verifier_key(SIGNED_AS)
        self._find_model = find_model

    def save(
        self,
        model: Model,
        *,
        series: Series,
        trained_from: int,
        data_digest: str,
        created_at: int,
        loader: str | None = None,
        scores: Mapping[str, Any] | None = None,
        calendar_digest: str | None = None,
        card: Mapping[str, Any] | None = None,
    ) -> ModelVersion:
        """Write a freshly fitted model and return its version; the same fit again returns the version that is there.

        trained_from: opening of the first candle of the fit. loader: the name that finds the class, where it is not `model.name`.
        calendar_digest: of the scheduled events that the fit was told of. card: the model card, signed with the rest.
        """
        state = model.state()
        content = pack(state)
        version = ModelVersion(
            model=loader if loader is not None and ":" not in loader else model.name,
            loader=loader or model.name,
            series=series,
            trained_from=trained_from,
            trained_until=model.trained_until,
            created_at=created_at,
            code_version=__version__,
            data_digest=data_digest,
            state_digest=hashlib.sha256(content).hexdigest(),
            n_state_bytes=len(content),
            parameters=single_numbers(state),
            scores=scores or {},
            calendar_digest=calendar_digest,
            card=card or {},
        )
        if VERSION_NAME.fullmatch(version.name) is None:
            message = (
                f"“{model.name}” cannot name a model: use up to 38 lower-case letters, digits, dots, hyphens and underscores."
            )
            raise InputError(message)
        folder = self._path / _slug(series) / version.name
        if folder.exists():
            try:
                return self._verified(folder)
            except IntegrityError as e:
                self._refuse(folder, e)
                folder.rename(folder.with_name(f".refused-{secrets.token_hex(4)}-{folder.name}"))
        _write_whole(folder, {MANIFEST: version.sign(self._signer).encode(), STATE: content})
        return self._verified(folder)

    def load(self, version_name: str) -> Model:
        """Return the model of a version, exactly as it was saved.

        Raises NotFoundError when there is none of that name, IntegrityError naming the file when one was changed, cut or is unsigned.
        """
        folder = self._find(version_name)
        version = self._verified(folder)
        try:
            return self._find_model(version.loader).from_state(unpack(_read(folder / STATE, LARGEST_STATE)))
        except (KeyError, ValueError, TypeError, IntegrityError) as e:
            message = f"The model file {folder / STATE} is not a state that {version.model} of this version can go on from: {e}"
            raise IntegrityError(message) from e

    def version(self, version_name: str) -> ModelVersion:
        """Return one version after checking all of it; raises as `load`."""
        return self._verified(self._find(version_name))

    def versions(self, model: str | None = None, series: Series | None = None) -> list[ModelVersion]:
        """Return the versions whose manifests are signed, those trained on the newest data first; others are logged and left out."""
        found: list[ModelVersion] = []
        for folder in self._folders(model, series):
            try:
                found.append(self._manifest(folder))
            except IntegrityError as e:
                self._refuse(folder, e)
        return sorted(found, key=_newest_first)

    def newest(self, model: str, series: Series, *, trained_by: int | None = None) -> ModelVersion | None:
        """Return the version trained on the newest data, or on none after `trained_by`, whose files are as they were written.

        A version that is not is logged, counted and passed over, so that the last good one serves on.
        """
        latest = None if trained_by is None else _in_name(trained_by)
        folders = [folder for folder in self._folders(model, series) if latest is None or _until(folder) <= latest]
        for until in sorted({_until(folder) for folder in folders}, reverse=True):
            good: list[ModelVersion] = []
            for folder in folders:
                if _until(folder) != until:
                    continue
                try:
                    good.append(self._verified(folder))
                except IntegrityError as e:
                    self._refuse(folder, e)
            if good:
                return min(good, key=_newest_first)
        return None

    def faults(self) -> Iterator[tuple[str, str | None]]:
        """Yield the name of every version here with what is wrong with it, or None where nothing is."""
        for folder in self._folders(None, None):
            try:
                self._verified(folder)
            except IntegrityError as e:
                yield folder.name, str(e)
            else:
                yield folder.name, None

    def _folders(self, model: str | None, series: Series | None) -> list[Path]:
        if model is not None and ":" in model:
            # A class named by its address is filed under the name that it gives itself.
            model = self._find_model(model).name
        pattern = f"{'*' if series is None else _slug(series)}/*"
        found = ((VERSION_NAME.fullmatch(folder.name), folder) for folder in sorted(self._path.glob(pattern)))
        return [folder for name, folder in found if name is not None and model in (None, name["model"])]

    def _find(self, version_name: str) -> Path:
        if VERSION_NAME.fullmatch(version_name) is not None:
            for folder in self._path.glob(f"*/{version_name}"):
                return folder
        message = f"There is no model version “{version_name}”; see: btcforecast models list"
        raise NotFoundError(message)

    def _manifest(self, folder: Path) -> ModelVersion:
        path = folder / MANIFEST
        try:
            version = ModelVersion.open(_read(path, _LARGEST_MANIFEST).decode(), key=self._key)
        except (UnicodeDecodeError, IntegrityError) as e:
            message = f"The model file {path} cannot be trusted: {e}"
            raise IntegrityError(message) from e
        if version.name != folder.name or _slug(version.series) != folder.parent.name:
            message = f"The model file {path} belongs to {version.name} of {version.series}, not where it lies."
            raise IntegrityError(message)
        return version

    def _verified(self, folder: Path) -> ModelVersion:
        version = self._manifest(folder)
        content = _read(folder / STATE, LARGEST_STATE)
        if len(content) != version.n_state_bytes or hashlib.sha256(content).hexdigest() != version.state_digest:
            message = f"The model file {folder / STATE} is not the one that was signed: it was changed or cut."
            raise IntegrityError(message)
        return version

    def _refuse(self, folder: Path, error: IntegrityError) -> None:
        model = folder.name.partition("@")[0]
        model_refusals.labels(model).inc()
        log.warning("model.refused", version=folder.name, reason=str(error))


def _slug(series: Series) -> str:
    return f"{series.venue}-{series.symbol.replace('/', '-')}"


def _in_name(at: int) -> str:
    return to_rfc3339(at).replace("-", "").replace(":", "")


def _until(folder: Path) -> str:
    return folder.name.partition("@")[2].partition("-")[0]


def _newest_first(version: ModelVersion) -> tuple[int, int, str]:
    return -version.trained_until, -version.created_at, version.name


def _read(path: Path, most_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as e:
        message = f"The model file {path} cannot be read: {e.strerror}."
        raise IntegrityError(message) from e
    if len(content) > most_bytes:
        message = f"The model file {path} is larger than the {most_bytes:,} bytes that any such file has."
        raise IntegrityError(message)
    return content


def _write_whole(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder of files so that a crash at any moment leaves either all of it or nothing under its name."""
    folder.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    draft = folder.with_name(f".draft-{secrets.token_hex(4)}-{folder.name}")
    draft.mkdir(mode=_FOLDER_MODE)
    try:
        for name, content in files.items():
            descriptor = os.open(draft / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _sync_folder(draft)
        if not folder.exists():
            draft.rename(folder)
        _sync_folder(folder.parent)
    finally:
        # Another process may have written the same version meanwhile; then the draft is not needed.
        shutil.rmtree(draft, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
