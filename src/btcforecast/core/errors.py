"""Every error that this package raises on purpose.

BtcForecastError
├── InputError                   what the caller gave cannot be used; the message says what was found and expected
│   ├── InvalidCandlesError      candles that contradict themselves
│   ├── WeakPasswordError        a password that somebody could guess
│   └── TooLittleHistoryError    a model needs more candles than it was given
├── NotFoundError                nothing is stored under that name
├── ConflictError                it was done before, or something else stands in its place
├── UnauthenticatedError         who asks is not known: no key or session where one is needed, or one that does not count
│   └── StaleLoginError          who asks is known, and must prove it anew for this
├── LockedError                  too much failed before: for some time nothing is looked at
├── ForbiddenError               who asks is known, and may not
├── SettingsError                the environment asks for something unsafe or impossible
├── IntegrityError               stored bytes are not what was written: a ledger, model file or signature
├── UnavailableError             it cannot be answered now and may be later
│   ├── VenueError               an exchange did not give usable candles
│   └── WithheldError            there is a forecast, and the publish gate keeps it back
└── LedgerSealedTooLateError     the first target is already past, so sealing would prove nothing

Messages are sentences that a customer may read. Only the edges (api, cli) know about HTTP or exit codes.
"""

from __future__ import annotations


class BtcForecastError(Exception):
    """The root: catch it to catch everything that this package raises on purpose."""


class InputError(BtcForecastError):
    """What the caller gave cannot be used."""


class InvalidCandlesError(InputError):
    """Candles that contradict themselves: unordered, off the grid, or with impossible prices."""


class WeakPasswordError(InputError):
    """A password that somebody could guess."""


class TooLittleHistoryError(InputError):
    """A model was given less history than it needs."""

    def __init__(self, *, model: str, n_candles: int, n_needed: int) -> None:
        self.model = model
        self.n_candles = n_candles
        self.n_needed = n_needed
        super().__init__(
            f"The model {model} needs at least {n_needed:,} candles, which is {n_needed * 300 / 86400:,.0f} days of five minutes, "
            f"and was given {n_candles:,}, which is {n_candles * 300 / 86400:,.1f} days. "
            "Import or ingest more history, or choose a model that needs less.",
        )


class NotFoundError(BtcForecastError):
    """Nothing is stored under that name."""


class ConflictError(BtcForecastError):
    """It was done before, or something else stands in its place."""


class UnauthenticatedError(BtcForecastError):
    """Who asks is not known: no key or session where one is needed, or one that does not count."""


class StaleLoginError(UnauthenticatedError):
    """Who asks is known, and must prove it anew for this (RFC 9470)."""


class LockedError(BtcForecastError):
    """Too much failed before: for some time nothing is looked at."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class ForbiddenError(BtcForecastError):
    """Who asks is known, and may not."""


class SettingsError(BtcForecastError):
    """The environment asks for something unsafe or impossible."""


class IntegrityError(BtcForecastError):
    """Stored bytes are not what was written."""


class UnavailableError(BtcForecastError):
    """It cannot be answered now and may be later."""


class WithheldError(UnavailableError):
    """There is a forecast, and the publish gate keeps it back."""

    def __init__(self, *, state: str, since: str | None, reason: str) -> None:
        self.state = state
        """withheld or suspended"""
        super().__init__(f"Forecasts are {state}{'' if since is None else f' since {since}'}: {reason}")


class VenueError(UnavailableError):
    """An exchange did not give usable candles."""

    def __init__(self, message: str, *, venue: str) -> None:
        self.venue = venue
        super().__init__(message)


class LedgerSealedTooLateError(BtcForecastError):
    """The first target is already past, so sealing would prove nothing."""
