"""What can go wrong in a call to a venue, and what helps: trying again, waiting, or leaving it alone."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final, Literal

Kind = Literal["network", "timeout", "server_error", "rate_limited", "banned", "geo_blocked", "not_data", "refused"]

BAN_S: Final = 600
"""Binance answers 418 for two minutes to three days; without a Retry-After ten minutes is the least that cannot make it worse."""
GEO_BLOCK_S: Final = 6 * 3600
"""A country does not change its law within hours; trying again sooner only fills somebody's log."""
_MEANINGS: Final[dict[int, tuple[Kind, str]]] = {
    # Content networks answer a blocked address with 403; a bot check does not go away by asking again.
    403: ("not_data", "it refuses this address"),
    408: ("server_error", "it waited too long for the request"),
    418: ("banned", "it has banned this address for a while"),
    425: ("server_error", "it asks to try again"),
    429: ("rate_limited", "it asks for fewer requests"),
    451: ("geo_blocked", "it does not serve this country"),
}
_RETRIED: Final[frozenset[Kind]] = frozenset({"network", "timeout", "server_error", "rate_limited"})


class Fault(Exception):  # noqa: N818  # it never leaves this package; outside it is a VenueError
    """A call that failed. Whether trying again within seconds can help follows from its kind.

    network, timeout, server_error, rate_limited: yes.
    banned (418), geo_blocked (451): no, and the venue is left alone for long.
    not_data: a page or nonsense instead of candles; whatever stands before the exchange will still stand there in a second.
    refused: the venue understood and said no (unknown symbol, bad request); it is in health and so is its breaker.
    """

    def __init__(self, kind: Kind, message: str, *, retry_after_s: float | None = None) -> None:
        self.kind: Final = kind
        self.retry_after_s: Final = retry_after_s
        super().__init__(message)

    @property
    def is_retried(self) -> bool:
        """Say whether trying again within seconds can help."""
        return self.kind in _RETRIED

    @property
    def is_venue_ill(self) -> bool:
        """Say whether it speaks against the venue rather than against what was asked."""
        return self.kind != "refused"

    @property
    def stay_away_s(self) -> float | None:
        """Return how long to leave the venue alone from now on, where the answer says so."""
        if self.kind == "geo_blocked":
            return GEO_BLOCK_S
        if self.kind == "banned":
            return max(self.retry_after_s or 0, BAN_S)
        return self.retry_after_s


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of a venue's HTTP answer and the beginning of its body."""

    status: int
    headers: dict[str, str]
    body: str

    def header(self, name: str) -> str | None:
        """Return a header's value, whatever case the server writes it in."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), None)

    @property
    def dated_at(self) -> int | None:
        """Return the server's own clock, to the second, where it tells it."""
        text = self.header("Date")
        if text is None:
            return None
        try:
            return int(parsedate_to_datetime(text).timestamp())
        except ValueError:
            return None

    def fault(self, *, now: int) -> Fault | None:
        """Return what is wrong by the status, or by a body that is no JSON; None where the body decides."""
        wait_s = self._retry_after_s(now)
        if self.status in _MEANINGS:
            kind, meaning = _MEANINGS[self.status]
            return Fault(kind, f"{meaning} (HTTP {self.status})", retry_after_s=wait_s)
        if self.status >= 500:
            return Fault("server_error", f"it answers with an error of its own (HTTP {self.status})", retry_after_s=wait_s)
        if self.body.lstrip()[:1] not in {"{", "["}:
            return Fault("not_data", f"it answers with a page instead of data (HTTP {self.status})")
        return None

    def _retry_after_s(self, now: int) -> float | None:
        text = self.header("Retry-After")
        if text is None:
            return None
        if text.strip().isdigit():
            return float(text)
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - now)
        except ValueError:
            return None
