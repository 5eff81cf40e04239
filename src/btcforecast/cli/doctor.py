"""`doctor`: what is in force and what is wrong."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from btcforecast.accounts.mail.route import FolderRoute, route_of
from btcforecast.api.edge.shared import store_answers
from btcforecast.bootstrap import open_database
from btcforecast.cli.context import out, print_json, run
from btcforecast.core import Calendar, SystemClock, to_rfc3339
from btcforecast.core.errors import BtcForecastError
from btcforecast.engine.models.catalogue import load_model
from btcforecast.forecasts.ledger import Signer
from btcforecast.forecasts.model_folder import free_mib, model_folder_fault
from btcforecast.forecasts.reigns import reigning_roles
from btcforecast.settings import Settings, load_settings
from btcforecast.store.calendar import CalendarStore
from btcforecast.store.candles import CandleStore
from btcforecast.store.database import database_url
from btcforecast.store.roles import may_change_audit

_WRONG = 3
_COLOURS = {"ok": "green", "warning": "yellow", "wrong": "bold red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. remedy: what to do when it is not ok."""

    what: str
    verdict: Literal["ok", "warning", "wrong"]
    found: str
    remedy: str = ""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(*, json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Print the settings in force, secrets masked, and what is wrong with this installation.

    Exit code 3 when something is wrong.

    Example: [bold]btcforecast doctor[/]
    """
    settings = load_settings()
    findings = run(_examine(settings))
    if json:
        print_json({"settings": settings_in_force(settings), "findings": [asdict(finding) for finding in findings]})
    else:
        table = Table("Setting", "In force", title="Settings", title_justify="left")
        for name, value in settings_in_force(settings).items():
            table.add_row(name, value)
        out.print(table)
        for finding in findings:
            colour = _COLOURS[finding.verdict]
            out.print(f"[{colour}]{finding.verdict:>8}[/]  {finding.what}: {finding.found} {finding.remedy}".rstrip())
    if any(finding.verdict == "wrong" for finding in findings):
        raise typer.Exit(_WRONG)


def settings_in_force(settings: Settings) -> dict[str, str]:
    """Return every setting under its environment name, passwords masked."""
    shown = {name.upper(): str(getattr(settings, name)) for name in Settings.model_fields}
    shown["DATABASE_URL"] = str(database_url(settings.database_url))
    shown["RATE_LIMIT_STORE"] = re.sub("://[^@/]*@", "://***@", settings.rate_limit_store)
    shown["MAIL_URL"] = re.sub("://[^@/]*@", "://***@", settings.mail_address)
    return shown


async def _examine(settings: Settings) -> list[Finding]:
    return [
        *[finding async for finding in _database(settings)],
        _model_path(settings),
        _signing_key(settings),
        *_models(settings),
        _mail(settings),
        _page(),
        *[finding async for finding in _limits(settings)],
        *(Finding(name, "warning", found, remedy) for name, found, remedy in settings.doubts),
    ]


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    database = open_database(settings)
    try:
        latency_s = await database.ping()
        yield Finding("Database", "ok", f"answers in {latency_s * 1000:.0f} ms.")
        if await database.pending_migrations():
            yield Finding("Tables", "warning", "are behind this version;", "the next start brings them up to date.")
            return
        async with database.read() as connection:
            if not database.is_sqlite and await may_change_audit(connection):
                remedy = "run the service as a role that `btcforecast database grant` made able."
                yield Finding("Audit log", "warning", "the role in use could change or delete entries;", remedy)
            elif not database.is_sqlite:
                yield Finding("Audit log", "ok", "the role in use can only read and add.")
            store = CandleStore(connection)
            held = await store.list_series()
            for series in held:
                extent = await store.extent(series)
                n = extent.n_candles if extent else 0
                mark = ", SIMULATED" if series.is_simulated else ""
                yield Finding("Candles", "ok", f"{series}: {n:,}{mark}.")
                reigning = (await reigning_roles(connection, series, settings.roles)).champion
                if reigning != settings.champion:
                    remedy = "`btcforecast models reigns` shows since when, `btcforecast models rollback` takes it back."
                    yield Finding("Champion", "ok", f"{series}: {reigning} reigns, not CHAMPION {settings.champion};", remedy)
            calendar = await CalendarStore(connection).read()
        if not held:
            yield Finding("Candles", "warning", "none yet;", "run `btcforecast ingest` or `btcforecast import FILE`.")
        yield _calendar(settings, calendar, now=SystemClock().now())
    except (BtcForecastError, OSError) as e:
        yield Finding("Database", "wrong", str(e), "Check DATABASE_URL.")
    except Exception as e:  # noqa: BLE001  # whatever a driver raises, the operator must read it here
        yield Finding(
            "Database", "wrong", f"does not answer ({type(e).__name__}).", "Check DATABASE_URL and that the server runs."
        )
    finally:
        await database.close()


def _calendar(settings: Settings, calendar: Calendar, *, now: int) -> Finding:
    from btcforecast.market.files.calendar import read_calendar

    if settings.calendar_path is not None:
        try:
            read_calendar(settings.calendar_path, now=now)
        except BtcForecastError as e:
            return Finding("CALENDAR_FILE", "wrong", str(e), "The calendar stays as it was until the file can be used.")
    if not len(calendar):
        return Finding("Calendar", "ok", "no scheduled events.")
    n_ahead, last_at = sum(event.at > now for event in calendar.events), to_rfc3339(calendar.events[-1].at)
    if not n_ahead:
        return Finding("Calendar", "warning", f"has run out, its last event was at {last_at};", "add the coming ones.")
    return Finding("Calendar", "ok", f"{n_ahead:,} of {len(calendar):,} events are ahead, the last at {last_at}.")


def _model_path(settings: Settings) -> Finding:
    path = settings.model_path
    fault = model_folder_fault(path)
    if fault is not None:
        return Finding("MODEL_PATH", "wrong" if fault.is_wrong else "warning", fault.found, fault.remedy)
    return Finding("MODEL_PATH", "ok", f"{path}, {free_mib(path):,} MiB free.")


async def _limits(settings: Settings) -> AsyncIterator[Finding]:
    if not settings.rate_limit_store:
        if settings.web_processes > 1:
            found = f"not set, so that each of {settings.web_processes} web processes counts for itself;"
            yield Finding("RATE_LIMIT_STORE", "warning", found, "give a redis:// address.")
        return
    if await store_answers(settings.rate_limit_store):
        yield Finding("RATE_LIMIT_STORE", "ok", "answers.")
    else:
        remedy = "until it does, each web process counts for itself."
        yield Finding("RATE_LIMIT_STORE", "wrong", "does not answer;", remedy)


def _signing_key(settings: Settings) -> Finding:
    path = settings.signing_key_file
    if not path.exists():
        if not settings.defaults.makes_keys:
            remedy = f"make it with: openssl genpkey -algorithm ed25519 -out {path}; chmod 600 {path}"
            return Finding("SIGNING_KEY_FILE", "wrong", f"{path} does not exist;", remedy)
        return Finding("SIGNING_KEY_FILE", "warning", f"{path} does not exist;", "the first start makes it.")
    try:
        Signer.load(path)
    except BtcForecastError as e:
        return Finding("SIGNING_KEY_FILE", "wrong", str(e))
    return Finding("SIGNING_KEY_FILE", "ok", f"{path}.")


def _models(settings: Settings) -> Iterator[Finding]:
    named = {
        "CHAMPION": (settings.champion,),
        "FALLBACK": (settings.fallback,) if settings.fallback else (),
        "CHALLENGERS": settings.challengers,
        "BASELINES": settings.baselines,
    }
    for name, models in named.items():
        faults = [fault for fault in map(_model_fault, models) if fault is not None]
        yield from (Finding(name, "wrong", fault) for fault in faults)
        if not faults:
            yield Finding(name, "ok", f"{', '.join(models) or 'none'}.")


def _model_fault(name: str) -> str | None:
    """Return why no such model can be loaded, or None when it can."""
    try:
        load_model(name)
    except BtcForecastError as e:
        return str(e)
    return None


def _mail(settings: Settings) -> Finding:
    route = route_of(settings.mail_address)
    if route is None:
        found = "MAIL_URL is empty: nobody can confirm an address, get a new password or unlock an account by mail;"
        return Finding("Mail", "warning", found, "set it, or do these things with `btcforecast users`.")
    if isinstance(route, FolderRoute) and settings.defaults.is_strict:
        return Finding("Mail", "warning", f"goes to {route}, where nobody but you reads it;", "give a mail server as MAIL_URL.")
    return Finding("Mail", "ok", f"goes to {route}, from {settings.mail_from}; try it with `btcforecast mail send-test`.")


def _page() -> Finding:
    built = Path(__file__).parents[1] / "web" / "static" / "index.html"
    if built.is_file():
        return Finding("Page", "ok", "is built.")
    return Finding("Page", "warning", "is not built;", "install the package anew, or run `make run`.")
