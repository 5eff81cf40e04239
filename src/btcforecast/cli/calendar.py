"""`calendar import|list|remove|clear|refresh`: scheduled events that models are told of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from btcforecast.cli import context
from btcforecast.core import Calendar, SystemClock, counted, from_rfc3339, to_rfc3339
from btcforecast.core.errors import ConflictError, InputError, NotFoundError

if TYPE_CHECKING:
    from btcforecast.core import ScheduledEvent
    from btcforecast.settings import Settings
    from btcforecast.store.calendar import CalendarChange

KindOption = Annotated[str | None, typer.Option(help="Only this kind of event, such as fomc.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the group `calendar`."""
    group = typer.Typer(
        help="Scheduled events that models are told of: import, list, remove, clear, refresh.", no_args_is_help=True
    )
    group.command("import")(import_file)
    group.command("list")(list_events)
    group.command()(remove)
    group.command()(clear)
    group.command()(refresh)
    app.add_typer(group, name="calendar")


def import_file(
    file: Annotated[Path, typer.Argument(help="CSV file of events: kind,at,announced_at.")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Take out what the file does not have.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file and change nothing.")] = False,
    json: JsonOption = False,
) -> None:
    """Add the events of a file to the calendar.

    The file is taken whole or not at all; wrong lines are named. An event that is there already changes nothing. Exit code 2: the
    file cannot be used.

    Example: [bold]btcforecast calendar import events.csv --replace[/]
    """
    from btcforecast.market.files.calendar import read_calendar

    calendar = read_calendar(file, now=SystemClock().now())
    if dry_run:
        if json:
            context.print_json([_as_dict(event) for event in calendar.events])
        else:
            context.out.print(f"{file} holds {_counted(calendar)}. Nothing was stored: this was a dry run.", soft_wrap=True)
        return
    _report(context.run(_import(calendar, replace=replace)), json=json)


def list_events(
    *,
    since: Annotated[str | None, typer.Option("--from", help="Only events at or after this instant.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Only events before this instant.")] = None,
    kind: KindOption = None,
    known_at: Annotated[str | None, typer.Option(help="The calendar as it was known at this instant.")] = None,
    json: JsonOption = False,
) -> None:
    """List the scheduled events, oldest first.

    Example: [bold]btcforecast calendar list --from 2026-01-01 --kind fomc[/]
    """
    calendar = context.run(_read(known_at=None if known_at is None else from_rfc3339(known_at)))
    shown = _chosen(calendar, since=since, until=until, kind=kind)
    if json:
        context.print_json([_as_dict(event) for event in shown.events])
        return
    table = Table("at", "kind", "announced", title=_counted(shown), title_justify="left")
    for event in shown.events:
        table.add_row(to_rfc3339(event.at), event.kind, to_rfc3339(event.announced_at) if event.announced_at else "always known")
    context.out.print(table)


def remove(
    *,
    at: Annotated[str, typer.Option(help="The event's instant, such as 2026-01-28T19:00:00Z.")],
    kind: Annotated[str | None, typer.Option(help="The event's kind, where several fall on that instant.")] = None,
    json: JsonOption = False,
) -> None:
    """Take an event out of the calendar, such as one that was called off or moved.

    Example: [bold]btcforecast calendar remove --at 2026-01-28T19:00:00Z --kind fomc[/]
    """
    _report(context.run(_remove(from_rfc3339(at), kind)), json=json)


def clear(*, kind: KindOption = None, json: JsonOption = False) -> None:
    """Take all events out of the calendar, or all of one kind. Forecasts made with them can still be computed again.

    Example: [bold]btcforecast calendar clear --kind cpi[/]
    """
    _report(context.run(_clear(kind)), json=json)


def refresh(*, json: JsonOption = False) -> None:
    """Make the calendar what CALENDAR_FILE says; the worker does it by itself when the file changes.

    Example: [bold]CALENDAR_FILE=events.csv btcforecast calendar refresh[/]
    """
    _report(context.run(_refresh()), json=json)


async def _import(calendar: Calendar, *, replace: bool) -> CalendarChange:
    from btcforecast.forecasts.calendar import merge_calendar, replace_calendar

    async with context.opened() as (settings, database):
        _refuse_beside_file(settings)
        change = replace_calendar if replace else merge_calendar
        return await change(database, calendar, clock=SystemClock())


async def _read(*, known_at: int | None) -> Calendar:
    from btcforecast.forecasts.calendar import known_calendar

    async with context.opened() as (_, database):
        return await known_calendar(database, known_at=known_at)


async def _remove(at: int, kind: str | None) -> CalendarChange:
    from btcforecast.forecasts.calendar import known_calendar, withdraw_events

    async with context.opened() as (settings, database):
        _refuse_beside_file(settings)
        there = (await known_calendar(database, known_at=None)).between(at, at + 1)
        found = Calendar(tuple(event for event in there.events if kind in (None, event.kind)))
        if not len(found):
            raise NotFoundError(f"There is no {kind or 'event'} at {to_rfc3339(at)}; see: btcforecast calendar list")
        if len(found) > 1:
            raise InputError(f"At {to_rfc3339(at)} there are {', '.join(found.kinds)}; choose one with --kind.")
        return await withdraw_events(database, found, clock=SystemClock())


async def _clear(kind: str | None) -> CalendarChange:
    from btcforecast.forecasts.calendar import known_calendar, withdraw_events

    async with context.opened() as (settings, database):
        _refuse_beside_file(settings)
        gone = _chosen(await known_calendar(database, known_at=None), since=None, until=None, kind=kind)
        return await withdraw_events(database, gone, clock=SystemClock())


async def _refresh() -> CalendarChange:
    from btcforecast.worker.calendar import refresh_calendar

    async with context.opened() as (settings, database):
        if settings.calendar_path is None:
            raise InputError("No CALENDAR_FILE is set; set it, or use: btcforecast calendar import FILE")
        return await refresh_calendar(database, settings.calendar_path, clock=SystemClock())


def _refuse_beside_file(settings: Settings) -> None:
    """Refuse a change by hand that the worker would undo."""
    if settings.calendar_path is not None:
        raise ConflictError(f"The calendar is what CALENDAR_FILE says; change {settings.calendar_path} instead.")


def _chosen(calendar: Calendar, *, since: str | None, until: str | None, kind: str | None) -> Calendar:
    begin = 0 if since is None else from_rfc3339(since)
    end = None if until is None else from_rfc3339(until)
    return Calendar(
        tuple(
            event
            for event in calendar.events
            if begin <= event.at and (end is None or event.at < end) and kind in (None, event.kind)
        )
    )


def _report(change: CalendarChange, *, json: bool) -> None:
    if json:
        context.print_json({"n_added": change.n_added, "n_withdrawn": change.n_withdrawn, "n_same": change.n_same})
    else:
        context.out.print(
            f"{counted(change.n_added, 'event')} added, {change.n_withdrawn:,} withdrawn, {change.n_same:,} as before."
        )


def _counted(calendar: Calendar) -> str:
    n_ahead = sum(event.at > SystemClock().now() for event in calendar.events)
    return f"{counted(len(calendar), 'event')}, {n_ahead:,} of them ahead"


def _as_dict(event: ScheduledEvent) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "at": to_rfc3339(event.at),
        "announced_at": to_rfc3339(event.announced_at) if event.announced_at else None,
    }
