"""Documentation that cannot go stale: what the code has, the docs name; what the docs link, exists."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_the_generated_reference_is_what_the_code_says_now():
    spec = importlib.util.spec_from_file_location("build_reference", ROOT / "docs" / "build_reference.py")
    assert spec is not None
    assert spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    assert [str(path.relative_to(ROOT)) for path in builder.stale()] == [], "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path):
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_named_in_the_docs_exist(page: Path):
    from typer.main import get_command

    from btcforecast.cli.app import build_app

    known = set(getattr(get_command(build_app()), "commands"))  # noqa: B009  # a group has it, its type does not say so
    named = set(re.findall(r"`btcforecast ([a-z][a-z-]+)", page.read_text()))
    assert named - known == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_named_in_the_docs_exist(page: Path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", page.read_text())) - targets == set()


def test_every_decision_record_is_listed():
    records = {path.name for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md")}
    listed = set(re.findall(r"\]\(([0-9][^)]*\.md)\)", (ROOT / "docs" / "decisions" / "README.md").read_text()))
    assert records == listed


def test_each_row_about_people_and_limits_names_tests_that_exist():
    page = (ROOT / "docs" / "security.md").read_text()
    rows = re.findall(r"^\| ([A-Z0-9, –-]+?) \| .* \| (.+) \|$", page, re.MULTILINE)
    proved = {row for names, proofs in rows if "`" in proofs for row in names.split(", ")}
    wanted = {"ENV": 7, "JWT": 4, "USR": 4, "CORS": 4, "INP": 5, "RLM": 4, "DAT": 4}
    assert {f"{kind}-{number}" for kind, last in wanted.items() for number in range(1, last + 1)} - proved == set()
    assert {"LOG-5", "SEC-3", "SEC-4", "SEC-5"} - proved == set()
    for path, name in re.findall(r"`(tests/[\w/]+(?:\.py|\.csv)?)(?:::(\w+))?`", page):
        assert (ROOT / path).exists(), path
        assert not name or f"def {name}(" in (ROOT / path).read_text(), f"{path}::{name}"
