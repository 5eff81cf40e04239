"""Reads the feed once a second, for all clients at once, and keeps the published answers fresh."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from btcforecast.api.answers import forecasts
from btcforecast.api.answers.market import shown_price
from btcforecast.api.board import Published
from btcforecast.api.service import Service
from btcforecast.core import Origin, Series, from_rfc3339
from btcforecast.core.errors import NotFoundError, WithheldError
from btcforecast.store.feed import Event, Feed, LivePrice

LATEST: Final = "/v1/forecasts/latest"
_QUERIES: Final = (b"", b"origin=live")
_EVERY_S: Final = 1.0
_AT_ONCE: Final = 500
log: Final = structlog.get_logger()


class Poller:
    """One task of the web process."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._last_id: int | None = None
        self._series: Series | None = None
        self._latest: tuple[Published, int, bool] | None = None
        self._is_failing = False

    async def run(self) -> None:
        """Poll until cancelled; a database that does not answer is asked again, and said once."""
        while True:
            await self.poll_safely()
            await asyncio.sleep(_EVERY_S)

    async def poll_safely(self) -> None:
        """Poll once; a failure is logged and leaves what is published as it is."""
        try:
            await self.poll()
        except (SQLAlchemyError, OSError) as e:
            if not self._is_failing:
                log.warning("api.feed_failed", error=type(e).__name__)
            self._is_failing = True
        else:
            self._is_failing = False

    async def poll(self) -> None:
        """Hand out what is new, and bring the published answers up to the present."""
        hub = self._service.hub
        async with self._service.database.read() as connection:
            feed = Feed(connection)
            last_id = self._last_id
            if last_id is None:
                last_id = await feed.last_event_id()
                # What came shortly before this process started can still be resumed from.
                hub.start_after(max(0, last_id - _AT_ONCE, await feed.first_event_id() - 1))
                events = await feed.events_after(hub.last_event_id, limit=_AT_ONCE)
            else:
                events = await feed.events_after(last_id, limit=_AT_ONCE)
            prices = await feed.prices()
        # Whoever is told of an event may ask at once, and must not find what stood before it.
        await self._publish_latest(events)
        for event in events:
            hub.publish(event)
        self._last_id = events[-1].id if events else last_id
        for live in prices:
            hub.publish_price(str(live.series), self._price_body(live))

    async def _publish_latest(self, events: list[Event]) -> None:
        main = await self._service.main_series()
        if main is None:
            return
        is_new = self._latest is None or main != self._series or any(event.kind != "market" for event in events)
        if not is_new and self._latest is not None:
            published, as_of, was_overdue = self._latest
            next_due = as_of + self._service.issue_every_s
            is_near_due = 0 <= self._service.clock.now() - next_due <= self._service.issue_grace_s + 2
            if was_overdue == self._service.is_overdue(as_of) and not is_near_due and not was_overdue:
                aged = published.aged(max(0, self._service.clock.now() - as_of))
                self._service.board.publish(LATEST, _QUERIES, aged)
                return
        try:
            found = await forecasts.latest(self._service, main, origin=Origin.LIVE)
        except (NotFoundError, WithheldError):
            self._service.board.withdraw(LATEST)
            self._latest = None
            return
        as_of = from_rfc3339(found.forecast.as_of)
        published = Published.json(await asyncio.to_thread(lambda: found.model_dump_json().encode()))
        self._series, self._latest = main, (published, as_of, self._service.is_overdue(as_of))
        self._service.board.publish(LATEST, _QUERIES, published)

    def _price_body(self, live: LivePrice) -> dict[str, object]:
        # The age would make every second a new price.
        shown = shown_price(self._service, live)
        return {**shown.model_dump(mode="json", exclude={"source": {"age_s"}})}
