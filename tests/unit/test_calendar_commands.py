"""`btcforecast calendar` and what `doctor` says of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from btcforecast.cli.app import build_app
from btcforecast.core.errors import ConflictError, InputError, NotFoundError

PAST = "2025-01-29T19:00:00Z"
AHEAD = (datetime.now(UTC) + timedelta(days=30)).replace(minute=0, second=0, microsecond=0).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(autouse=True)
def _store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/cli.db")
    monkeypatch.delenv("CALENDAR_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    write("events.csv", f"fomc,2025-01-29T14:00:00-05:00,\ncpi,{AHEAD},2025-01-01T00:00:00Z\nnfp,{AHEAD},\n")


def write(name: str, rows: str) -> None:
    Path(name).write_text(f"kind,at,announced_at\n{rows}")


def calendar(*arguments: str) -> Result:
    return CliRunner().invoke(build_app(), ["calendar", *arguments])


def as_json(*arguments: str) -> Any:
    result = calendar(*arguments, "--json")
    assert result.exit_code == 0, result.exception
    return json.loads(result.stdout)


def finding(what: str) -> tuple[str, str]:
    result = CliRunner().invoke(build_app(), ["doctor", "--json"])
    return next((found["verdict"], found["found"]) for found in json.loads(result.stdout)["findings"] if found["what"] == what)


def test_events_are_imported_listed_and_chosen():
    assert as_json("import", "events.csv") == {"n_added": 3, "n_withdrawn": 0, "n_same": 0}
    assert as_json("import", "events.csv") == {"n_added": 0, "n_withdrawn": 0, "n_same": 3}
    assert as_json("list") == [
        {"kind": "fomc", "at": PAST, "announced_at": None},
        {"kind": "cpi", "at": AHEAD, "announced_at": "2025-01-01T00:00:00Z"},
        {"kind": "nfp", "at": AHEAD, "announced_at": None},
    ]
    assert [event["kind"] for event in as_json("list", "--kind", "nfp")] == ["nfp"]
    assert [event["kind"] for event in as_json("list", "--from", "2025-01-30")] == ["cpi", "nfp"]
    assert [event["kind"] for event in as_json("list", "--to", "2025-01-30")] == ["fomc"]
    assert as_json("list", "--known-at", "2025-12-01") == []
    shown = calendar("list").stdout
    assert "3 events, 2 of them ahead" in shown
    assert "always known" in shown


def test_a_second_file_adds_and_with_replace_takes_the_place():
    as_json("import", "events.csv")
    write("more.csv", "fomc,2025-03-19T18:00:00Z,\n")
    assert as_json("import", "more.csv") == {"n_added": 1, "n_withdrawn": 0, "n_same": 3}
    assert as_json("import", "more.csv", "--replace") == {"n_added": 0, "n_withdrawn": 3, "n_same": 1}
    assert "0 events added, 0 withdrawn, 1 as before." in calendar("import", "more.csv").stdout


def test_a_dry_run_and_a_broken_file_change_nothing():
    assert len(as_json("import", "events.csv", "--dry-run")) == 3
    assert "this was a dry run" in calendar("import", "events.csv", "--dry-run").stdout
    write("broken.csv", f"fomc,{AHEAD},\ncpi,2025-02-30T08:30:00Z,\n")
    refused = calendar("import", "broken.csv")
    assert isinstance(refused.exception, InputError)
    assert "line 3: at “2025-02-30T08:30:00Z” does not exist" in str(refused.exception)
    assert as_json("list") == []


def test_one_event_all_of_a_kind_or_all_are_taken_out():
    as_json("import", "events.csv")
    assert isinstance(calendar("remove", "--at", "2025-01-29").exception, NotFoundError)
    assert "choose one with --kind" in str(calendar("remove", "--at", AHEAD).exception)
    assert as_json("remove", "--at", AHEAD, "--kind", "cpi") == {"n_added": 0, "n_withdrawn": 1, "n_same": 2}
    assert as_json("clear", "--kind", "nfp")["n_withdrawn"] == 1
    assert as_json("clear")["n_withdrawn"] == 1
    assert as_json("list") == []


def test_beside_a_calendar_file_only_the_file_is_changed(monkeypatch: pytest.MonkeyPatch):
    assert "No CALENDAR_FILE is set" in str(calendar("refresh").exception)
    monkeypatch.setenv("CALENDAR_FILE", "events.csv")
    assert as_json("refresh") == {"n_added": 3, "n_withdrawn": 0, "n_same": 0}
    for command in (["import", "events.csv"], ["clear"], ["remove", "--at", AHEAD]):
        assert isinstance(calendar(*command).exception, ConflictError)
    write("events.csv", f"nfp,{AHEAD},\n")
    assert as_json("refresh") == {"n_added": 0, "n_withdrawn": 2, "n_same": 1}


def test_the_doctor_says_how_far_the_calendar_reaches(monkeypatch: pytest.MonkeyPatch):
    as_json("list")
    assert finding("Calendar") == ("ok", "no scheduled events.")
    as_json("import", "events.csv")
    assert finding("Calendar") == ("ok", f"2 of 3 events are ahead, the last at {AHEAD}.")
    write("old.csv", f"fomc,{PAST},\n")
    as_json("import", "old.csv", "--replace")
    assert finding("Calendar") == ("warning", f"has run out, its last event was at {PAST};")
    monkeypatch.setenv("CALENDAR_FILE", "none.csv")
    assert finding("CALENDAR_FILE") == ("wrong", "There is no file none.csv.")
