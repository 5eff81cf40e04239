"""The calendar of scheduled events."""

from __future__ import annotations

from pydantic import Field

from btcforecast.api.schemas.shared import Answer, Instant


class CalendarEvent(Answer):
    """One event whose minute is known beforehand."""

    kind: str = Field(description="Such as fomc, cpi or nfp; the operator chooses the names.")
    at: Instant
    announced_at: Instant | None = Field(description="Since when its date was public; null for always.")
    is_ahead: bool = Field(description="It is still to come.")


class CalendarAnswer(Answer):
    """Scheduled events that models are told of, oldest first, and how far the calendar reaches."""

    events: list[CalendarEvent]
    next_from: Instant | None = Field(description="Give it as `from` for the events after these; null where there are none.")
    kinds: list[str] = Field(description="The kinds of event in the whole calendar.")
    n_events: int = Field(description="How many events the whole calendar holds.")
    n_ahead: int = Field(description="How many of them are still to come.")
    next_at: Instant | None = Field(description="When the next one is.")
    last_at: Instant | None = Field(description="When the last one is: beyond, nothing is known.")
    changed_at: Instant | None = Field(description="When the calendar last changed; null before its first event.")
    has_run_out: bool = Field(description="There are events, and all of them are past.")
