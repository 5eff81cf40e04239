"""The report of a backtest: one HTML file that needs nothing else, and the same in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from btcforecast.core.errors import InputError

if TYPE_CHECKING:
    from btcforecast.cli.backtest.board import Leaderboard
    from btcforecast.cli.backtest.folder import Folder
    from btcforecast.core import Candles
    from btcforecast.engine.backtest import Plan

FORMATS: Final = (".html", ".md")


def report_format(path: Path) -> str:
    """Return which of the two formats a file's name asks for; InputError where it asks for neither, or has no folder to be in."""
    if path.suffix not in FORMATS:
        raise InputError(f"A report is written as .html or .md; {path} ends in neither.")
    if not path.parent.is_dir():
        raise InputError(f"The report cannot be written: there is no folder {path.parent}.")
    return path.suffix


def render(
    plan: Plan,
    candles: Candles,
    folder: Folder,
    board: Leaderboard,
    *,
    baselines: tuple[str, ...],
    run: Mapping[str, Any],
    command: Sequence[str],
    warnings: Sequence[str],
) -> dict[str, str]:
    """Return the report of a finished backtest in every format."""
    from btcforecast.cli.backtest.report.contents import gather
    from btcforecast.cli.backtest.report.markdown import markdown
    from btcforecast.cli.backtest.report.page import page

    report = gather(plan, candles, folder, board, baselines=baselines, run=run, command=command, warnings=warnings)
    return {".html": page(report), ".md": markdown(report)}
