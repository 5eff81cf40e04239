from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from btcforecast.cli.app import build_app
from btcforecast.core.errors import SettingsError
from btcforecast.forecasts.ledger import Signer
from btcforecast.settings import Settings


@pytest.fixture(autouse=True)
def _installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    Signer.load_or_create(tmp_path / "var" / "signing.key")


def examine() -> tuple[int, dict[str, dict[str, Any]]]:
    result = CliRunner().invoke(build_app(), ["doctor", "--json"])
    return result.exit_code, {finding["what"]: finding for finding in json.loads(result.stdout)["findings"]}


def test_a_new_installation_has_nothing_wrong():
    code, findings = examine()
    assert code == 0
    assert [findings[name]["verdict"] for name in ("SIGNING_KEY_FILE", "CHAMPION", "BASELINES")] == ["ok"] * 3


def test_a_file_that_is_no_key_is_wrong(tmp_path: Path):
    (tmp_path / "var" / "signing.key").write_text("junk")
    code, findings = examine()
    assert (code, findings["SIGNING_KEY_FILE"]["verdict"]) == (3, "wrong")
    assert "is broken" in findings["SIGNING_KEY_FILE"]["found"]


def test_a_model_folder_that_cannot_be_made_is_wrong(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MODEL_PATH", "/dev/null/models")
    code, findings = examine()
    assert (code, findings["MODEL_PATH"]["verdict"]) == (3, "wrong")
    assert "/dev/null is not a folder" in findings["MODEL_PATH"]["found"]


@pytest.mark.parametrize(("name", "value"), [("CHAMPION", "nope"), ("BASELINES", "ewma,nope")])
def test_a_model_that_nobody_knows_is_wrong(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    monkeypatch.setenv(name, value)
    code, findings = examine()
    assert (code, findings[name]["verdict"]) == (3, "wrong")
    assert "There is no model “nope”" in findings[name]["found"]


@pytest.mark.parametrize(
    ("url", "verdict", "words"),
    [
        ("", "warning", "nobody can confirm an address"),
        ("file:var/mail", "ok", "goes to files in var/mail"),
        ("smtp://us:planted@mail.example", "ok", "goes to mail.example:587 (STARTTLS, required, with a password)"),
    ],
)
def test_where_mail_goes_is_said_and_what_does_not_work_without(
    monkeypatch: pytest.MonkeyPatch, url: str, verdict: str, words: str
):
    monkeypatch.setenv("MAIL_URL", url)
    code, findings = examine()
    assert (code, findings["Mail"]["verdict"]) == (0, verdict)
    assert words in findings["Mail"]["found"]
    assert "planted" not in str(findings)


def test_a_mail_url_that_leads_nowhere_stops_everything(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MAIL_URL", "smtp://us:planted@mail.example/inbox")
    with pytest.raises(SettingsError) as caught:
        CliRunner().invoke(build_app(), ["doctor"], catch_exceptions=False)
    assert "MAIL_URL: is not an address of a server" in str(caught.value)
    assert "planted" not in str(caught.value)
