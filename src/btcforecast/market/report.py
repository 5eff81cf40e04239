"""What an ingest did, venue by venue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from btcforecast.core import Series, to_rfc3339
from btcforecast.market.venue import Page
from btcforecast.store.candles import Written


@dataclass(slots=True)
class Tally:
    """What one venue brought during a run; it grows page by page."""

    venue: str
    n_pages: int = 0
    n_new: int = 0
    n_revised: int = 0
    n_same: int = 0
    n_rejected: Counter[str] = field(default_factory=Counter)
    error: str | None = None
    """Why it stopped bringing any."""
    disbelief: str | None = None
    """Why its prices were not believed, where they were not."""

    @property
    def is_at_fault(self) -> bool:
        """Say whether it failed or was not believed."""
        return self.error is not None or self.disbelief is not None

    def add(self, page: Page, written: Written) -> None:
        """Count a page that was stored."""
        self.n_pages += 1
        self.n_new += written.n_new
        self.n_revised += written.n_revised
        self.n_same += written.n_same
        self.n_rejected.update(page.n_rejected)

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON can hold them."""
        return {
            "venue": self.venue,
            "n_pages": self.n_pages,
            "n_new": self.n_new,
            "n_revised": self.n_revised,
            "n_same": self.n_same,
            "n_rejected": dict(self.n_rejected),
            "error": self.error,
            "disbelief": self.disbelief,
        }


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come: the span asked for, the instant reached in it, and the venue that answers."""

    venue: str
    opened_from: int
    opened_before: int
    reached: int
    n_new: int


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What a run did and where it leaves the series."""

    series: Series
    tallies: Mapping[str, Tally]
    """By venue, in the order in which they were asked."""
    as_of: int | None
    """Close of the newest stored candle; None where there is none."""
    stale_since: int | None
    """Where nothing current could be had: the instant up to which the cached data reach. None while they are current."""
    lent_by: tuple[str, ...] = ()
    """Venues that stood in during this run."""
    notes: tuple[str, ...] = ()

    @property
    def is_stale(self) -> bool:
        """Say whether the stored candles end too long ago."""
        return self.stale_since is not None or self.as_of is None

    @property
    def n_new(self) -> int:
        """Return the candles that were added, whoever brought them."""
        return sum(tally.n_new for tally in self.tallies.values())

    @property
    def n_revised(self) -> int:
        """Return the candles whose values changed."""
        return sum(tally.n_revised for tally in self.tallies.values())

    @property
    def summary(self) -> str:
        """Return the run in one line."""
        until = "no candles" if self.as_of is None else f"known up to {to_rfc3339(self.as_of)}"
        lent = f", lent by {', '.join(self.lent_by)}" if self.lent_by else ""
        stale = ", stale" if self.is_stale else ""
        faults = [
            tally.error or f"{tally.venue} is not believed: {tally.disbelief}."
            for tally in self.tallies.values()
            if tally.is_at_fault
        ]
        return " ".join([f"{self.series}: {self.n_new} new, {self.n_revised} revised, {until}{lent}{stale}.", *faults])

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON can hold it."""
        return {
            "venue": self.series.venue,
            "symbol": self.series.symbol,
            "is_simulated": self.series.is_simulated,
            "as_of": None if self.as_of is None else to_rfc3339(self.as_of),
            "is_stale": self.is_stale,
            "stale_since": None if self.stale_since is None else to_rfc3339(self.stale_since),
            "lent_by": list(self.lent_by),
            "n_new": self.n_new,
            "n_revised": self.n_revised,
            "venues": [tally.as_dict() for tally in self.tallies.values()],
            "notes": list(self.notes),
        }
