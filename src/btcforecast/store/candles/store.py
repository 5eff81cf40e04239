"""The repository of candles."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import ColumnElement, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from btcforecast.core import BASE, Candles, Series
from btcforecast.core.errors import InputError
from btcforecast.store.candles.bulk import Bulk, Span, bulk_of
from btcforecast.store.candles.rows import OWN, STORED, VALUES, Plan, Rows, to_rows
from btcforecast.store.tables import candle_revisions
from btcforecast.store.tables import candles as candles_table
from btcforecast.store.tables import series as series_table


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: candles added, candles whose values changed, and candles left as they were."""

    n_new: int
    n_revised: int
    n_same: int

    def __add__(self, other: Written) -> Written:
        return Written(self.n_new + other.n_new, self.n_revised + other.n_revised, self.n_same + other.n_same)


@dataclass(frozen=True, slots=True)
class Extent:
    """From where to where a series reaches, and with how many candles."""

    first_opened_at: int
    last_opened_at: int
    n_candles: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A span [opened_from, opened_before) in which every candle is missing or borrowed from another venue."""

    opened_from: int
    opened_before: int
    n_missing: int
    n_borrowed: int


class CandleStore:
    """Candles by series, on a connection whose transaction belongs to the caller: nothing is committed here."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"

    async def series_id(self, series: Series) -> int:
        """Return the id of the series, which is made when it is new."""
        found = await self._find(series)
        if found is not None:
            return found
        insert_ = sqlite_insert if self._is_sqlite else postgresql_insert
        await self._connection.execute(
            insert_(series_table).values(venue=series.venue, symbol=series.symbol).on_conflict_do_nothing()
        )
        made = await self._find(series)
        assert made is not None
        return made

    async def list_series(self) -> list[Series]:
        """Return every series that has candles."""
        has_candles = select(candles_table.c.series_id).where(candles_table.c.series_id == series_table.c.id).exists()
        query = select(series_table.c.venue, series_table.c.symbol).where(has_candles)
        return sorted(Series(row.venue, row.symbol) for row in await self._connection.execute(query))

    async def write(self, series: Series, candles: Candles, *, recorded_at: int, borrowed_from: Series | None = None) -> Written:
        """Store the candles; where one is stored with other values, those go to the revisions and the new ones stand.

        With `borrowed_from` the candles are another venue's, lent while the own one is away. They give way to own candles,
        never take their place, and are changed by the same lender only.
        """
        if candles.interval != BASE:
            message = f"Only {BASE} candles are stored, and these are {candles.interval} ones."
            raise InputError(message)
        if not len(candles):
            return Written(0, 0, 0)
        series_id = await self.series_id(series)
        lender = OWN if borrowed_from is None else await self.series_id(borrowed_from)
        await self._wait_for_turn(series_id)
        bulk = await self._bulk()
        span = Span(series_id, int(candles.opened_at[0]), int(candles.opened_at[-1]))
        stored = await bulk.read(span)
        await self._name_lenders(span, stored)
        plan = Plan.of(to_rows(candles, borrowed_from=lender), stored=stored)
        await bulk.insert(series_id, plan.new, recorded_at=recorded_at)
        await self._revise(series_id, plan, revised_at=recorded_at)
        return Written(len(plan.new), len(plan.replacing), len(candles) - len(plan.new) - len(plan.replacing))

    async def read(
        self,
        series: Series,
        *,
        opened_from: int | None = None,
        opened_before: int | None = None,
        known_at: int | None = None,
    ) -> Candles:
        """Return the candles opened in [opened_from, opened_before), as they stand, or as they stood at `known_at`.

        Known at an instant means: what was recorded later is absent, and what was revised later has its old values.
        """
        series_id = await self._find(series)
        if series_id is None:
            return Candles.empty()
        span = Span(series_id, recorded_by=known_at)
        if opened_from is not None:
            span = replace(span, first=opened_from)
        if opened_before is not None:
            span = replace(span, last=opened_before - 1)
        rows = await (await self._bulk()).read(span)
        if known_at is not None and len(rows):
            await self._undo_revisions(series_id, rows, known_at=known_at)
        return Candles(rows["opened_at"], *(rows[name] for name in VALUES))

    async def newest(self, series: Series) -> int | None:
        """Return when the newest candle opened."""
        query = select(func.max(candles_table.c.opened_at)).where(candles_table.c.series_id == self._id_of(series))
        newest: int | None = (await self._connection.execute(query)).scalar_one()
        return newest

    async def extent(self, series: Series) -> Extent | None:
        """Return from where to where the series reaches, or None where there is no candle."""
        opened_at = candles_table.c.opened_at
        query = select(func.min(opened_at), func.max(opened_at), func.count()).where(
            candles_table.c.series_id == self._id_of(series)
        )
        first, last, n_candles = (await self._connection.execute(query)).one()
        return Extent(first, last, n_candles) if n_candles else None

    async def gaps(self, series: Series, *, opened_from: int | None = None, opened_before: int | None = None) -> list[Gap]:
        """Return the spans without own candles, oldest first.

        Where a bound is not given, the series' own first or last candle is taken; with both given, what lies before the
        first or after the last candle counts as missing.
        """
        extent = await self.extent(series)
        if opened_from is None or opened_before is None:
            if extent is None:
                return []
            opened_from = extent.first_opened_at if opened_from is None else opened_from
            opened_before = extent.last_opened_at + BASE.seconds if opened_before is None else opened_before
        opened_from, opened_before = -BASE.floor(-opened_from), -BASE.floor(-opened_before)
        if opened_before <= opened_from:
            return []
        holes = await self._holes(series, opened_from, opened_before)
        loans = await self._loans(series, opened_from, opened_before)
        return _merged(sorted([*holes, *loans], key=lambda gap: gap.opened_from))

    async def borrowed(self, series: Series, *, opened_from: int, opened_before: int) -> tuple[Series, ...]:
        """Return the series that lent candles opened in [opened_from, opened_before)."""
        lenders = (
            select(candles_table.c.borrowed_from)
            .where(*self._within(series, opened_from, opened_before), candles_table.c.borrowed_from.is_not(None))
            .distinct()
        )
        query = select(series_table.c.venue, series_table.c.symbol).where(series_table.c.id.in_(lenders))
        return tuple(sorted(Series(row.venue, row.symbol) for row in await self._connection.execute(query)))

    async def _find(self, series: Series) -> int | None:
        query = select(series_table.c.id).where(series_table.c.venue == series.venue, series_table.c.symbol == series.symbol)
        found: int | None = (await self._connection.execute(query)).scalar_one_or_none()
        return found

    async def _bulk(self) -> Bulk:
        raw = await self._connection.get_raw_connection()
        return bulk_of(raw.driver_connection, is_sqlite=self._is_sqlite)

    async def _wait_for_turn(self, series_id: int) -> None:
        """Let one transaction at a time write a series, so that what it compares with cannot change under it."""
        if self._is_sqlite:
            return
        # NO KEY UPDATE: rows that refer to the series can still be inserted elsewhere meanwhile.
        turn = select(series_table.c.id).where(series_table.c.id == series_id).with_for_update(key_share=True)
        await self._connection.execute(turn)

    async def _name_lenders(self, span: Span, rows: Rows) -> None:
        """Fill in, in place, which series lent the candles."""
        opened_at, lender = candles_table.c.opened_at, candles_table.c.borrowed_from
        query = select(opened_at, lender).where(
            candles_table.c.series_id == span.series_id, opened_at.between(span.first, span.last), lender.is_not(None)
        )
        # Loans are few, and most reads do not ask for them, so they are fetched apart from the values.
        loans = np.array([tuple(loan) for loan in await self._connection.execute(query)], np.int64).reshape(-1, 2)
        rows["borrowed_from"][np.searchsorted(rows["opened_at"], loans[:, 0])] = loans[:, 1]

    async def _revise(self, series_id: int, plan: Plan, *, revised_at: int) -> None:
        if not len(plan.replacing):
            return
        old = [{**row, "series_id": series_id, "revised_at": revised_at} for row in _dicts(plan.replaced)]
        await self._connection.execute(insert(candle_revisions), old)
        change = (
            update(candles_table)
            .where(candles_table.c.series_id == series_id, candles_table.c.opened_at == bindparam("at"))
            .values({name: bindparam(f"new_{name}") for name in (*VALUES, "borrowed_from")})
        )
        new = [
            {"at": row["opened_at"], **{f"new_{name}": row[name] for name in (*VALUES, "borrowed_from")}}
            for row in _dicts(plan.replacing)
        ]
        await self._connection.execute(change, new)

    async def _undo_revisions(self, series_id: int, rows: Rows, *, known_at: int) -> None:
        """Put back, in place, the values that stood at `known_at`: those that the first later revision took away."""
        of = candle_revisions.c
        query = (
            select(of.opened_at, *(of[name] for name in VALUES))
            .where(
                of.series_id == series_id,
                of.opened_at >= int(rows["opened_at"][0]),
                of.opened_at <= int(rows["opened_at"][-1]),
                of.revised_at > known_at,
            )
            # Newest first: the oldest is put back last and stands.
            .order_by(of.revised_at.desc(), of.id.desc())
        )
        for revision in await self._connection.execute(query):
            row = int(np.searchsorted(rows["opened_at"], revision.opened_at))
            if row < len(rows) and rows["opened_at"][row] == revision.opened_at:
                for name in VALUES:
                    rows[name][row] = getattr(revision, name)

    async def _holes(self, series: Series, opened_from: int, opened_before: int) -> list[Gap]:
        """Return the spans without any candle."""
        opened_at = candles_table.c.opened_at
        steps = (
            select(
                (func.lag(opened_at, 1, opened_from - BASE.seconds).over(order_by=opened_at) + BASE.seconds).label("expected"),
                opened_at,
            )
            .where(*self._within(series, opened_from, opened_before))
            .subquery()
        )
        query = select(steps.c.expected, steps.c.opened_at).where(steps.c.opened_at > steps.c.expected)
        holes = [(row.expected, row.opened_at) for row in await self._connection.execute(query)]
        newest = select(func.max(opened_at)).where(*self._within(series, opened_from, opened_before))
        last: int | None = (await self._connection.execute(newest)).scalar_one()
        holes.append((opened_from if last is None else last + BASE.seconds, opened_before))
        return [Gap(start, end, (end - start) // BASE.seconds, 0) for start, end in holes if end > start]

    async def _loans(self, series: Series, opened_from: int, opened_before: int) -> list[Gap]:
        """Return each borrowed candle as a span."""
        query = select(candles_table.c.opened_at).where(
            *self._within(series, opened_from, opened_before), candles_table.c.borrowed_from.is_not(None)
        )
        return [Gap(at, at + BASE.seconds, 0, 1) for at in (await self._connection.execute(query)).scalars()]

    def _within(self, series: Series, opened_from: int, opened_before: int) -> tuple[ColumnElement[bool], ...]:
        opened_at = candles_table.c.opened_at
        return (
            candles_table.c.series_id == self._id_of(series),
            opened_at >= opened_from,
            opened_at < opened_before,
        )

    def _id_of(self, series: Series) -> ColumnElement[int]:
        return (
            select(series_table.c.id)
            .where(series_table.c.venue == series.venue, series_table.c.symbol == series.symbol)
            .scalar_subquery()
        )


def _dicts(rows: Rows) -> list[dict[str, int | float | None]]:
    """Return the rows as the database takes them."""
    names = STORED.names or ()
    found = [dict(zip(names, row, strict=True)) for row in rows.tolist()]
    return [{**row, "borrowed_from": row["borrowed_from"] or None} for row in found]


def _merged(spans: list[Gap]) -> list[Gap]:
    """Join spans that touch."""
    merged: list[Gap] = []
    for span in spans:
        if merged and merged[-1].opened_before == span.opened_from:
            before = merged.pop()
            merged.append(
                Gap(
                    before.opened_from,
                    span.opened_before,
                    before.n_missing + span.n_missing,
                    before.n_borrowed + span.n_borrowed,
                )
            )
        else:
            merged.append(span)
    return merged
