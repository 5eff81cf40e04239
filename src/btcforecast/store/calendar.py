"""The repository of scheduled events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import Calendar, ScheduledEvent
from btcforecast.core.errors import InputError
from btcforecast.store.tables import calendar_files, scheduled_events

LARGEST_CALENDAR: Final = 10_000
"""Events that a calendar holds at most; a model looks at all of them in every cycle."""


@dataclass(frozen=True, slots=True)
class CalendarChange:
    """What a change did: events added, events withdrawn, and events left as they were.

    One whose announcement was corrected counts as withdrawn and added.
    """

    n_added: int
    n_withdrawn: int
    n_same: int

    def __bool__(self) -> bool:
        return bool(self.n_added or self.n_withdrawn)


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """The operator's file. fault: why it cannot be used, None while it can. since_at: since when it is as it is."""

    path: str
    fault: str | None
    since_at: int


class CalendarStore:
    """The calendar on a connection whose transaction belongs to the caller: nothing is committed here.

    Nothing is deleted either: what the calendar said at any instant can be read again.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection: Final = connection

    async def read(self, *, known_at: int | None = None) -> Calendar:
        """Return the calendar as it stands, or as it stood just before the second `known_at`.

        Just before, because who reads within the second of a change may come before or after it, and must be able to say later what
        was read.
        """
        table = scheduled_events
        query = select(table.c.at, table.c.kind, table.c.announced_at).order_by(table.c.at, table.c.kind)
        if known_at is None:
            query = query.where(table.c.withdrawn_at.is_(None))
        else:
            query = query.where(
                table.c.recorded_at < known_at, or_(table.c.withdrawn_at.is_(None), table.c.withdrawn_at >= known_at)
            )
        return Calendar.of(ScheduledEvent(*row) for row in await self._connection.execute(query))

    async def changed_at(self) -> int | None:
        """Return when the calendar last changed, or None before its first event."""
        table = scheduled_events
        row = (await self._connection.execute(select(func.max(table.c.recorded_at), func.max(table.c.withdrawn_at)))).one()
        return max((at for at in row if at is not None), default=None)

    async def replace(self, calendar: Calendar, *, at: int) -> CalendarChange:
        """Make the calendar exactly this one."""
        standing = await self.read()
        return await self._change(standing, calendar.events, at=at)

    async def merge(self, calendar: Calendar, *, at: int) -> CalendarChange:
        """Add these events; one of the same kind and instant is announced when the new one says."""
        standing = await self.read()
        merged = {(event.kind, event.at): event for event in (*standing.events, *calendar.events)}
        return await self._change(standing, list(merged.values()), at=at)

    async def withdraw(self, events: Iterable[ScheduledEvent], *, at: int) -> CalendarChange:
        """Take these events out."""
        standing = await self.read()
        gone = set(events)
        return await self._change(standing, [event for event in standing.events if event not in gone], at=at)

    async def _change(self, standing: Calendar, wanted: Sequence[ScheduledEvent], *, at: int) -> CalendarChange:
        if len(wanted) > LARGEST_CALENDAR:
            raise InputError(f"The calendar would hold {len(wanted):,} events; it holds at most {LARGEST_CALENDAR:,}.")
        before, after = set(standing.events), set(wanted)
        table = scheduled_events
        gone = [{"its_kind": event.kind, "its_instant": event.at} for event in before - after]
        if gone:
            withdraw = (
                update(table)
                .where(
                    table.c.kind == bindparam("its_kind"), table.c.at == bindparam("its_instant"), table.c.withdrawn_at.is_(None)
                )
                .values(withdrawn_at=at)
            )
            await self._connection.execute(withdraw, gone)
        new = [
            {"kind": event.kind, "at": event.at, "announced_at": event.announced_at, "recorded_at": at}
            for event in sorted(after - before)
        ]
        if new:
            await self._connection.execute(insert(table), new)
        return CalendarChange(len(new), len(gone), len(before & after))

    async def file(self) -> CalendarFile | None:
        """Return how the calendar's file was when it was last read, or None where there is none."""
        row = (await self._connection.execute(select(calendar_files))).first()
        return None if row is None else CalendarFile(row.path, row.fault, row.since_at)

    async def say_file(self, file: CalendarFile | None) -> None:
        """Record how the file is, in the place of what was recorded before."""
        await self._connection.execute(delete(calendar_files))
        if file is not None:
            # Of two workers that find the same at once, the second has nothing to add.
            either = sqlite_insert if self._connection.dialect.name == "sqlite" else postgresql_insert
            await self._connection.execute(either(calendar_files).values(asdict(file)).on_conflict_do_nothing())
