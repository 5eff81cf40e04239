"""The report of a backtest, models of other people, and calendars, through the command."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from test_backtest import ROOT, TOY, command, run, run_json

from btcforecast.cli.backtest.work import code_digest

SHORT = ("--horizons", "1h,24h", "--every", "4h", "--refit-every", "6d")


class Elements(HTMLParser):
    """Every element with its attributes, in order, and the text of every cell; an element that is not closed is a mistake."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self._open):
            self.cells.append(data)


@pytest.fixture(scope="module")
def reported(candle_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("reported")
    asked = ("--horizons", "1h,24h,7d", "--paths", "--n-paths", "40", "--drop-paths", "--baselines", "toy:Wide")
    export = ("--export", str(tmp_path / "out"), "--report", str(tmp_path / "mine.html"))
    run_json(tmp_path, command(candle_file, *asked, *export))
    return tmp_path


def test_the_page_needs_nothing_else_and_says_what_the_leaderboard_says(reported: Path):
    text = (reported / "mine.html").read_text()
    assert text == (reported / "out" / "report.html").read_text()
    page = Elements(text)
    board = json.loads((reported / "out" / "leaderboard.json").read_text())
    for places in (*board["horizons"].values(), board["paths"]):
        for place in places:
            assert f"{place['score_bps']:.2f}" in page.cells
            assert all(any(f"{ratio['value']:.4f}" in cell for cell in page.cells) for ratio in place["ratios"].values())
            assert all(f"{held:.1f}" in page.cells for held in place["coverage"].values())
    tags = {tag for tag, _ in page.found}
    assert not tags & {"script", "link", "img", "iframe", "object"}
    assert not re.search(r"https?:|url\(|@import|src=", text)
    for heading in ("1h ahead", "24h ahead", "7d ahead", "Paths over 24h", "Worst days", "Skill over time", "What was done"):
        assert heading in text


def test_the_page_can_be_read_by_everybody(reported: Path):
    page = Elements((reported / "mine.html").read_text())
    attributes = dict(page.found)
    assert attributes["html"]["lang"] == "en"
    assert any(tag == "meta" and found.get("name") == "viewport" for tag, found in page.found)
    for tag, found in page.found:
        if tag == "svg":
            assert found.get("aria-hidden") == "true" or (found.get("role") == "img" and found.get("aria-label"))
        if tag == "th":
            assert found.get("scope") in {"row", "col"}
        if found.get("tabindex") == "0":
            assert found.get("aria-label")
    text = (reported / "mine.html").read_text()
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    anchors = {found["href"] for tag, found in page.found if tag == "a"}
    assert anchors == {f"#{found['id']}" for _, found in page.found if "id" in found}


def test_the_markdown_has_the_same_figures_and_the_command(reported: Path):
    text = (reported / "out" / "report.md").read_text()
    board = json.loads((reported / "out" / "leaderboard.json").read_text())
    run_file = json.loads((reported / "out" / "run.json").read_text())
    for places in (*board["horizons"].values(), board["paths"]):
        assert all(f"| {place['model']} | {place['score_bps']:.2f} |" in text for place in places)
    assert run_file["candles_sha256"] in text
    assert "btcforecast backtest --candles" in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in lines)


def test_three_weeks_prove_nothing_anywhere(reported: Path):
    board = json.loads((reported / "out" / "leaderboard.json").read_text())
    [hour] = [place["ratios"]["toy:Wide"] for place in board["horizons"]["1h"] if place["ratios"]]
    assert hour["high"] < 1
    assert (hour["n_blocks"], hour["verdict"]) == (3, "too_few")
    page, text = ((reported / "out" / f"report{suffix}").read_text() for suffix in (".html", ".md"))
    assert f"○ {hour['value']:.4f}" in page
    assert "too few</small>" in page
    assert 'class="span open"' in page
    assert not re.search("[✓✗●]", page.partition("</nav>")[2].partition("</ul>")[2])
    assert f"{hour['value']:.4f} [{hour['low']:.4f}, {hour['high']:.4f}]" in text
    assert "(too few) |" in text


def test_dropped_paths_leave_their_scores(reported: Path):
    assert list((reported / "out" / "paths").iterdir()) == []
    scores = pl.read_parquet(reported / "out" / "path_scores" / "*.parquet")
    assert scores["total"].is_not_null().all()
    assert scores.select(pl.col("^pit_.*$").is_between(0, 1).all()).row(0) == (True,) * 5


def test_origins_say_how_volatile_the_day_before_was(reported: Path):
    origins = pl.read_parquet(reported / "out" / "origins.parquet")
    outcomes = pl.read_parquet(reported / "out" / "outcomes.parquet").filter(pl.col("horizon_s") == 86400)
    before = origins.select((pl.col("as_of") - pl.duration(days=1)).alias("as_of"), "volatility")
    both = before.join(outcomes, on="as_of").drop_nulls(["volatility", "realised_variance"])
    assert len(both) > 200
    np.testing.assert_allclose(both["volatility"] ** 2, both["realised_variance"])
    # Twenty-nine days are too few to say what is usual.
    assert origins["volatility_tercile"].is_null().all()


@pytest.mark.parametrize("file", ["report.pdf", "nowhere/report.html"])
def test_a_report_that_cannot_be_written_is_refused_before_any_work(file: str, candle_file: Path, tmp_path: Path):
    done = run(tmp_path, command(candle_file, *SHORT, "--report", str(tmp_path / file)))
    assert done.returncode == 2
    assert "report" in done.stderr


def test_a_model_from_another_package_is_found_by_name_and_by_address(
    candle_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--disable-pip-version-check",
    ]
    folder = tmp_path / "site"
    subprocess.run([*install, "--target", str(folder), str(ROOT / "examples" / "yesterday")], check=True)
    monkeypatch.syspath_prepend(str(folder))
    asked = ("--model", "yesterday", "--model", "yesterday:Yesterday", "--baselines", "toy:Wide")
    board = run_json(tmp_path, command(candle_file, *SHORT, *asked))
    for places in board["horizons"].values():
        found = {place["model"]: place for place in places}
        assert set(found) == {"toy:Gaussian", "toy:Wide", "yesterday", "yesterday:Yesterday"}
        assert found["yesterday"]["score_bps"] == found["yesterday:Yesterday"]["score_bps"]
        assert found["yesterday"]["ratios"]["toy:Wide"]["value"] < 1


def test_history_that_is_short_for_a_model_is_said_once_and_reported(
    candle_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "slow.py").write_text(
        "from toy import Gaussian\n\nclass Slow(Gaussian):\n    name = 'slow'\n    recommended_candles = 288 * 400\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    done = run(tmp_path, command(candle_file, *SHORT, "--model", "slow:Slow", "--export", str(tmp_path / "out")))
    assert done.returncode == 0, done.stderr
    warning = "slow is fitted to 4 days of candles; its slow scales need about 400 days."
    assert done.stderr.replace("\n", " ").count(warning) == 1
    assert "gaussian is fitted" not in done.stderr
    assert all(warning in (tmp_path / "out" / f"report{suffix}").read_text() for suffix in (".html", ".md"))


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a package whose model draws on a module beside it and on a base class in another package."""
    folder = tmp_path / "packages"
    for package in ("lent", "borrowed"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text("")
    (folder / "lent" / "size.py").write_text("FACTOR = 2.0\n")
    (folder / "lent" / "model.py").write_text("from toy import Gaussian\n\nclass Base(Gaussian):\n    pass\n")
    (folder / "borrowed" / "size.py").write_text("FACTOR = 2.0\n")
    (folder / "borrowed" / "model.py").write_text(
        "from borrowed.size import FACTOR\nfrom lent.model import Base\n\nclass Mine(Base):\n    widen = FACTOR\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] in {"lent", "borrowed"}]:
        del sys.modules[name]


@pytest.mark.parametrize("changed", ["borrowed/size.py", "lent/size.py"])
def test_any_changed_module_of_a_models_packages_is_a_changed_model(
    changed: str, packages: Path, candle_file: Path, tmp_path: Path
):
    asked = command(candle_file, *SHORT, "--models", "borrowed.model:Mine", "--export", str(tmp_path / "out"))
    assert run(tmp_path, asked).returncode == 0
    assert run(tmp_path, asked).returncode == 0
    (packages / changed).write_text("FACTOR = 3.0\n")
    other = run(tmp_path, asked)
    assert other.returncode == 2
    assert "it differs in models" in other.stderr


def test_the_digest_of_a_model_does_not_tell_where_it_is_installed(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.syspath_prepend(str(TOY))
    here = code_digest("borrowed.model:Mine")
    shutil.copytree(packages / "borrowed", tmp_path / "elsewhere" / "borrowed", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sys.modules["borrowed"], "__path__", [str(tmp_path / "elsewhere" / "borrowed")])
    assert code_digest("borrowed.model:Mine") == here


def test_a_calendar_is_part_of_what_was_asked(candle_file: Path, tmp_path: Path):
    calendar = tmp_path / "events.csv"
    calendar.write_text("kind,at,announced_at\nfomc,2025-01-29T19:00:00Z,\n")
    asked = command(candle_file, *SHORT, "--export", str(tmp_path / "out"), "--calendar", str(calendar))
    assert run(tmp_path, asked).returncode == 0
    assert json.loads((tmp_path / "out" / "run.json").read_text())["calendar_sha256"]
    calendar.write_text("kind,at,announced_at\nfomc,2025-01-28T19:00:00Z,\n")
    other = run(tmp_path, asked)
    assert other.returncode == 2
    assert "it differs in calendar_sha256" in other.stderr
    calendar.write_text("kind,at\nfomc,whenever\n")
    assert "line 2" in run(tmp_path, asked).stderr
