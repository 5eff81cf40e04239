"""Which market a number comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from btcforecast.core.errors import InputError

SIMULATED_VENUE: Final = "simulated"
_VENUE: Final = re.compile(r"[a-z0-9_]{1,32}")
_SYMBOL: Final = re.compile(r"[A-Z0-9]{1,16}/[A-Z0-9]{1,16}")


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """One symbol at one venue, such as BTC/USD at coinbase: the unit in which candles are stored and forecast."""

    venue: str
    symbol: str

    def __post_init__(self) -> None:
        if _VENUE.fullmatch(self.venue) is None:
            message = f"“{self.venue}” is not a venue; use lower-case letters, digits and underscores, such as coinbase."
            raise InputError(message)
        if _SYMBOL.fullmatch(self.symbol) is None:
            message = f"“{self.symbol}” is not a symbol; write base and quote in capitals with a slash, such as BTC/USD."
            raise InputError(message)

    def __str__(self) -> str:
        return f"{self.venue}:{self.symbol}"

    @property
    def is_simulated(self) -> bool:
        """Say whether the candles come from the generator; everything made from them carries that mark."""
        return self.venue == SIMULATED_VENUE
