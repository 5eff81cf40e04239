"""Model versions on disk are believed only as they were written."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path
from typing import Self

import numpy as np
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from btcforecast.core import LEVELS, Candles, Distribution, Floats, Horizon, Series
from btcforecast.core.errors import InputError, IntegrityError, NotFoundError
from btcforecast.engine.models.contract import Model, State
from btcforecast.forecasts.arrays import pack, unpack
from btcforecast.forecasts.ledger import Signer
from btcforecast.forecasts.registry import ModelRegistry
from btcforecast.forecasts.versions import ModelVersion
from btcforecast.telemetry.metrics import model_refusals

AT = 1_764_547_200
KRAKEN, COINBASE = Series("kraken", "BTC/USD"), Series("coinbase", "BTC/USD")
SIGNER = Signer.generate()


class Tiny(Model):
    name = "tiny"
    min_candles = 1

    def __init__(self, scale: float) -> None:
        self.scale = scale

    @classmethod
    def _fit(cls, history: Candles) -> Self:
        return cls(float(history.close[-1]) / 1e6)

    def _observe(self, candles: Candles) -> None: ...

    def _distribution(self, horizon: Horizon) -> Distribution:
        return Distribution(self.scale * horizon.n_steps * (LEVELS - 0.5))

    def _paths(self, n_paths: int, n_steps: int, rng: np.random.Generator) -> Floats:
        return rng.normal(size=(n_paths, n_steps + 1))

    def _state(self) -> State:
        return {"scale": np.float64(self.scale).reshape(()), "profile": np.arange(5.0)}

    @classmethod
    def _from_state(cls, state: State) -> Self:
        return cls(float(state["scale"]))


def fitted(hour: int = 0, close: float = 100.0) -> Tiny:
    price = np.array([close])
    return Tiny.fit(Candles(np.array([AT + 3600 * hour - 300]), price, price, price, price, price))


def open_registry(folder: Path, signer: Signer = SIGNER) -> ModelRegistry:
    return ModelRegistry(folder, signer, find_model=lambda _: Tiny)


def save(registry: ModelRegistry, model: Tiny, *, series: Series = KRAKEN, created_at: int = AT) -> ModelVersion:
    return registry.save(model, series=series, trained_from=AT - 86400, data_digest="d" * 64, created_at=created_at)


def folder_of(path: Path, version: ModelVersion) -> Path:
    return next(path.glob(f"*/{version.name}"))


def test_a_model_comes_back_exactly_as_it_was_saved(tmp_path: Path):
    registry, model = open_registry(tmp_path), fitted()

    loaded = registry.load(save(registry, model).name)

    assert isinstance(loaded, Tiny)
    assert pack(loaded.state()) == pack(model.state())


def test_a_version_says_what_it_is(tmp_path: Path):
    version = save(open_registry(tmp_path), fitted())

    assert version.name == f"tiny@20251201T000000Z-{version.digest[:8]}"
    assert version.manifest()["venue"] == "kraken"
    assert version.manifest()["simulated"] is False
    assert version.parameters["scale"] == 100.0 / 1e6
    assert "profile" not in version.parameters
    assert folder_of(tmp_path, version).parent.name == "kraken-BTC-USD"


def test_the_same_fit_again_is_the_same_version(tmp_path: Path):
    registry = open_registry(tmp_path)

    first, again = save(registry, fitted()), save(registry, fitted(), created_at=AT + 999)

    assert again == first
    assert len(registry.versions()) == 1


def test_files_are_not_for_everybody_and_no_draft_is_left(tmp_path: Path):
    version = save(open_registry(tmp_path), fitted())

    folder = folder_of(tmp_path, version)
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.note", "state.npz"]
    assert all(not stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO for path in folder.iterdir())
    assert [path.name for path in folder.parent.iterdir()] == [version.name]


def test_a_crash_while_writing_leaves_no_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def crash(_: int) -> None:
        raise OSError

    registry = open_registry(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", crash)
        with pytest.raises(OSError):  # noqa: PT011  # what the crash raises does not matter
            save(registry, fitted())

    assert registry.versions() == []
    assert registry.load(save(registry, fitted()).name).trained_until == AT


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_changed_byte_in_any_file_is_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject):
    folder = tmp_path_factory.mktemp("models")
    registry = open_registry(folder)
    version = save(registry, fitted())
    path = folder_of(folder, version) / data.draw(st.sampled_from(["manifest.note", "state.npz"]))
    raw = bytearray(path.read_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(raw)

    with pytest.raises(IntegrityError, match=path.name):
        registry.load(version.name)


@pytest.mark.parametrize("name", ["manifest.note", "state.npz"])
@pytest.mark.parametrize("size", [None, 0, 100])
def test_a_missing_or_cut_file_is_refused(tmp_path: Path, name: str, size: int | None):
    registry = open_registry(tmp_path)
    version = save(registry, fitted())
    path = folder_of(tmp_path, version) / name
    path.unlink() if size is None else os.truncate(path, size)

    with pytest.raises(IntegrityError, match=name):
        registry.load(version.name)


def test_a_version_signed_by_somebody_else_is_refused(tmp_path: Path):
    version = save(open_registry(tmp_path, Signer.generate()), fitted())

    with pytest.raises(IntegrityError, match="cannot be trusted"):
        open_registry(tmp_path).load(version.name)


def test_a_version_put_in_another_place_is_refused(tmp_path: Path):
    registry = open_registry(tmp_path)
    version = save(registry, fitted())
    (tmp_path / "coinbase-BTC-USD").mkdir()
    moved = folder_of(tmp_path, version).rename(tmp_path / "coinbase-BTC-USD" / version.name)

    assert registry.newest("tiny", COINBASE) is None
    with pytest.raises(IntegrityError, match=f"not where it lies|{moved.name}"):
        registry.load(version.name)


def test_the_last_good_version_serves_on_and_the_refusal_is_told(tmp_path: Path):
    registry = open_registry(tmp_path)
    old, new = save(registry, fitted()), save(registry, fitted(hour=24))
    state = folder_of(tmp_path, new) / "state.npz"
    state.write_bytes(state.read_bytes()[:-1])
    before = model_refusals.labels("tiny")._value.get()

    with structlog.testing.capture_logs() as logs:
        found = registry.newest("tiny", KRAKEN)

    assert found == old
    assert [(line["event"], line["version"]) for line in logs] == [("model.refused", new.name)]
    assert model_refusals.labels("tiny")._value.get() == before + 1
    assert dict(registry.faults())[old.name] is None
    assert "state.npz" in (dict(registry.faults())[new.name] or "")


def test_a_new_fit_heals_a_broken_version(tmp_path: Path):
    registry = open_registry(tmp_path)
    version = save(registry, fitted())
    (folder_of(tmp_path, version) / "state.npz").write_bytes(b"")

    again = save(registry, fitted())

    assert again.name == version.name
    assert registry.newest("tiny", KRAKEN) == again


def test_the_newest_is_the_one_trained_on_the_newest_data_by_then(tmp_path: Path):
    registry = open_registry(tmp_path)
    versions = [save(registry, fitted(hour=hour)) for hour in (0, 24, 48)]
    save(registry, fitted(hour=72), series=COINBASE)

    assert registry.newest("tiny", KRAKEN) == versions[2]
    assert registry.newest("tiny", KRAKEN, trained_by=AT + 47 * 3600) == versions[1]
    assert registry.newest("tiny", KRAKEN, trained_by=AT + 24 * 3600) == versions[1]
    assert registry.newest("tiny", KRAKEN, trained_by=AT - 1) is None
    assert registry.newest("other", KRAKEN) is None
    assert registry.versions("tiny", KRAKEN) == versions[::-1]
    assert len(registry.versions()) == 4


def test_of_two_fits_to_the_same_end_the_later_one_is_newest(tmp_path: Path):
    registry = open_registry(tmp_path)
    save(registry, fitted(close=100.0), created_at=AT)
    later = save(registry, fitted(close=101.0), created_at=AT + 5)

    assert registry.newest("tiny", KRAKEN) == later


@pytest.mark.parametrize("name", ["", "tiny", "../x", "tiny@20251201T000000Z-00000000", "*"])
def test_a_version_that_is_not_there_is_not_found(tmp_path: Path, name: str):
    save(open_registry(tmp_path), fitted())

    with pytest.raises(NotFoundError):
        open_registry(tmp_path).load(name)


@pytest.mark.parametrize("name", ["../x", "Tiny", "a@b", "x" * 39])
def test_a_model_whose_name_cannot_be_a_file_name_is_refused(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Tiny, "name", name)

    with pytest.raises(InputError, match="cannot name a model"):
        save(open_registry(tmp_path), fitted())


def test_equal_states_have_equal_bytes():
    one = {"b": np.arange(3), "a": np.array(["x", "yz"])}
    other = {"a": np.array(["x", "yz"]), "b": np.arange(3)}

    assert pack(one) == pack(other)
    assert unpack(pack(one))["a"].tolist() == ["x", "yz"]


def test_objects_are_neither_saved_nor_loaded():
    pickled = io.BytesIO()
    np.savez(pickled, a=np.array([{"x": 1}], dtype=object))

    with pytest.raises(InputError, match="holds objects"):
        pack({"a": np.array([object()], dtype=object)})
    with pytest.raises(IntegrityError, match="plain arrays"):
        unpack(pickled.getvalue())


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(65 * 1024 * 1024))

    with pytest.raises(IntegrityError, match="more than"):
        unpack(bomb.getvalue())
