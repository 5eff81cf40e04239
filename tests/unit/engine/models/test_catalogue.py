from __future__ import annotations

import sys
from pathlib import Path

import pytest

from btcforecast.core.errors import InputError
from btcforecast.engine.models.catalogue import load_model, model_names

EXAMPLE = Path(__file__).parents[4] / "examples" / "yesterday"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The example package, installed as pip would leave it: importable, with its entry point recorded."""
    recorded = tmp_path / "btcforecast_yesterday-0.1.0.dist-info"
    recorded.mkdir()
    (recorded / "METADATA").write_text("Metadata-Version: 2.1\nName: btcforecast-yesterday\nVersion: 0.1.0\n")
    lines = (EXAMPLE / "pyproject.toml").read_text().splitlines()
    offered = lines[lines.index('[project.entry-points."btcforecast.models"]') + 1].replace('"', "")
    (recorded / "entry_points.txt").write_text(f"[btcforecast.models]\n{offered}\n")
    monkeypatch.syspath_prepend(str(EXAMPLE / "src"))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "yesterday", raising=False)


@pytest.mark.usefixtures("example")
def test_an_installed_package_offers_its_model_by_name():
    assert "yesterday" in model_names()
    assert load_model("yesterday").name == "yesterday"


@pytest.mark.usefixtures("example")
def test_a_model_is_found_by_module_and_class():
    assert load_model("yesterday:Yesterday").name == "yesterday"


def test_built_in_models_come_first_and_load_by_name():
    assert model_names()[:4] == ("random_walk", "ewma", "garch", "day_paths")
    assert all(load_model(name).name == name for name in model_names()[:4])


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(InputError, match=r"no model “oracle”.*random_walk, ewma, garch, day_paths"):
        load_model("oracle")


@pytest.mark.parametrize("name", ["no_such_package:Model", "json:NoSuchClass", "json:", ":Model"])
def test_an_address_that_leads_nowhere_is_refused(name: str):
    with pytest.raises(InputError, match="cannot be loaded"):
        load_model(name)


def test_something_that_is_no_model_is_refused():
    with pytest.raises(InputError, match="not a subclass"):
        load_model("json:JSONDecoder")
