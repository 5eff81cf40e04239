"""ENV-5, ENV-6, ENV-7, MDL-1: databases, the folder of models and the log level, as they are looked at before anything starts."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from btcforecast.accounts.encryption.secret_key import new_secret_key
from btcforecast.cli.app import build_app
from btcforecast.core.errors import SettingsError
from btcforecast.forecasts.model_folder import model_folder_fault
from btcforecast.settings import Settings, load_settings
from btcforecast.store.database import database_url
from btcforecast.worker.service import run_worker

PASSWORD = "planted-secret-of-settings"
STRICT = {
    "ENVIRONMENT": "production",
    "DATABASE_URL": "sqlite:///x.db",
    "ALLOW_SQLITE_IN_PRODUCTION": "true",
    "MARKET": "simulated",
    "SECRET_KEY": new_secret_key(),
    "PUBLIC_URL": "https://btc.example",
}


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch, _empty_environment: None) -> pytest.MonkeyPatch:
    for name, value in STRICT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def folder(path: Path, *, mode: int = 0o700) -> Path:
    path.mkdir()
    path.chmod(mode)
    return path


def test_a_folder_of_one_s_own_with_room_is_right(tmp_path: Path):
    assert model_folder_fault(folder(tmp_path / "models")) is None


def test_a_folder_that_is_not_there_yet_will_be_made(tmp_path: Path):
    fault = model_folder_fault(tmp_path / "some" / "models")
    assert fault is not None
    assert (fault.is_wrong, "does not exist yet" in fault.found) == (False, True)


def test_a_file_in_its_place_is_wrong(tmp_path: Path):
    (tmp_path / "models").write_text("x")
    for path in (tmp_path / "models", tmp_path / "models" / "below"):
        fault = model_folder_fault(path)
        assert fault is not None
        assert (fault.is_wrong, "is not a folder that can be written" in fault.found) == (True, True)


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_folder_that_others_can_write_is_wrong(tmp_path: Path, mode: int):
    fault = model_folder_fault(folder(tmp_path / "models", mode=mode))
    assert fault is not None
    assert (fault.is_wrong, "can be written by others" in fault.found) == (True, True)
    assert "chmod go-w" in fault.remedy


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_a_folder_of_somebody_else_is_wrong(tmp_path: Path):
    models = folder(tmp_path / "models")
    os.chown(models, 4711, -1)
    fault = model_folder_fault(models)
    assert fault is not None
    assert (fault.is_wrong, "belongs to the user with the number 4711" in fault.found) == (True, True)


def test_a_folder_with_little_room_is_told(tmp_path: Path):
    fault = model_folder_fault(folder(tmp_path / "models"), little_space_mib=10**9)
    assert fault is not None
    assert (fault.is_wrong, "MiB free" in fault.found) == (False, True)


def test_the_worker_refuses_a_wrong_folder_in_production(strict: pytest.MonkeyPatch, tmp_path: Path):
    strict.setenv("MODEL_PATH", str(folder(tmp_path / "models", mode=0o777)))
    settings = load_settings()
    with pytest.raises(SettingsError, match=r"MODEL_PATH: .+ can be written by others"):
        asyncio.run(run_worker(settings))
    assert not (tmp_path / "x.db").exists()


def test_debug_in_production_is_told_by_doctor_and_at_the_worker_s_start(strict: pytest.MonkeyPatch, tmp_path: Path):
    strict.setenv("LOG_LEVEL", "DEBUG")
    strict.setenv("SECURITY_CONTACT", "mailto:security@example.org")
    strict.setenv("MODEL_PATH", str(folder(tmp_path / "models", mode=0o777)))
    found = json.loads(CliRunner().invoke(build_app(), ["doctor", "--json"]).stdout)["findings"]
    assert [(each["verdict"], each["remedy"]) for each in found if each["what"] == "LOG_LEVEL"] == [
        ("warning", "set INFO or WARNING.")
    ]
    with capture_logs() as lines, pytest.raises(SettingsError):
        asyncio.run(run_worker(load_settings()))
    assert [line["setting"] for line in lines if line["event"] == "settings.unwise"] == ["LOG_LEVEL"]
    strict.setenv("LOG_LEVEL", "INFO")
    assert load_settings().doubts == ()


def test_debug_in_development_is_nobody_s_concern(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    assert load_settings().doubts == ()


@pytest.mark.parametrize("where", ["staging", "production"])
def test_several_web_processes_without_a_shared_store_are_refused(strict: pytest.MonkeyPatch, where: str):
    strict.setenv("ENVIRONMENT", where)
    strict.setenv("WEB_PROCESSES", "2")
    with pytest.raises(SettingsError, match=r"WEB_PROCESSES is 2 .+ without RATE_LIMIT_STORE"):
        load_settings()
    strict.setenv("RATE_LIMIT_STORE", f"redis://:{PASSWORD}@cache.example:6379/0")
    assert load_settings().web_processes == 2


@pytest.mark.parametrize("name", ["RATE_LIMIT_STORE", "DATABASE_URL"])
def test_a_password_is_neither_in_an_error_nor_shown_by_doctor(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv(name, f"memcached://u:{PASSWORD}@cache.example")
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings()
    assert PASSWORD not in str(caught.value)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///x.db")
    # Nothing listens there.
    monkeypatch.setenv("RATE_LIMIT_STORE", f"redis://u:{PASSWORD}@127.0.0.1:9/0")
    shown = CliRunner().invoke(build_app(), ["doctor", "--json"]).stdout
    assert PASSWORD not in shown
    found = json.loads(shown)
    assert found["settings"]["RATE_LIMIT_STORE"] == "redis://***@127.0.0.1:9/0"
    store = [each for each in found["findings"] if each["what"] == "RATE_LIMIT_STORE"]
    assert [(each["verdict"], each["found"]) for each in store] == [("wrong", "does not answer;")]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_is_taken_with_its_options(scheme: str):
    found = database_url(f"{scheme}://u:{PASSWORD}@h:5433/d?sslmode=verify-full&connect_timeout=3")
    assert (found.drivername, found.query) == ("postgresql+psycopg", {"sslmode": "verify-full", "connect_timeout": "3"})
    assert PASSWORD not in str(found)


@pytest.mark.parametrize("value", ["https://btc.example", "btc.example:8000", "*", "*.example", "a b"])
def test_a_host_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, value: str):
    monkeypatch.setenv("ALLOWED_HOSTS", value)
    with pytest.raises(SettingsError, match=r"ALLOWED_HOSTS: .+ is not the name of a host"):
        load_settings()
