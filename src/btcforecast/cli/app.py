"""Finds the commands and turns errors into sentences and exit codes.

Exit codes: 0 done; 1 it could not be done; 2 the command was not understood or its input cannot be used; 3 what was checked is
wrong (a ledger that does not verify, a deployment with faults); 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Final

import typer
from rich.console import Console
from rich.markup import escape

from btcforecast import __version__
from btcforecast.core.errors import BtcForecastError, InputError, IntegrityError, SettingsError, UnavailableError
from btcforecast.store.database import DATABASE_FAULTS

FAILED: Final = 1
MISUSED: Final = 2
WRONG: Final = 3
STOPPED: Final = 130

_GROUPS: Final[tuple[str, ...]] = (
    "run",
    "imports",
    "ingest",
    "calendar",
    "models",
    "forecasts",
    "ask",
    "track_record",
    "gate",
    "drift",
    "backtest",
    "ledger",
    "users",
    "keys",
    "audit",
    "mail",
    "outgoing",
    "database",
    "doctor",
)
"""Modules of this package, in the order of `--help`; each has `register(app)`."""


def build_app() -> typer.Typer:
    """Return the whole command line."""
    app = typer.Typer(
        name="btcforecast",
        help="Bitcoin probability forecasts: sealed before the outcome, scored in public.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    for group in filter(lambda name: importlib.util.find_spec(f"btcforecast.cli.{name}"), _GROUPS):
        importlib.import_module(f"btcforecast.cli.{group}").register(app)

    @app.callback(invoke_without_command=True)
    def _root(*, version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
        if version:
            typer.echo(__version__)
            raise typer.Exit

    return app


def main() -> None:
    """Run the command line."""
    try:
        build_app()(standalone_mode=True)
    except (InputError, SettingsError) as e:
        _say(e)
        sys.exit(MISUSED)
    except IntegrityError as e:
        _say(e)
        sys.exit(WRONG)
    except BtcForecastError as e:
        _say(e)
        sys.exit(FAILED)
    except DATABASE_FAULTS as e:
        reason = str(getattr(e, "orig", None) or e).strip().splitlines()[0]
        _say(
            UnavailableError(
                f"The database cannot be used: {reason}. Check DATABASE_URL, and that its server runs or its file is whole."
            )
        )
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(STOPPED)


def _say(error: Exception) -> None:
    Console(stderr=True, highlight=False).print(f"[bold red]Error:[/] {escape(str(error))}", soft_wrap=True)
