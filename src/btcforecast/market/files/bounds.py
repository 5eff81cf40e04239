"""How much of a file is read before it is refused as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Bounds:
    """None: as much as any file of candles can sensibly hold."""

    max_rows: int | None = None
    max_unpacked_bytes: int | None = None


UNBOUNDED: Final = Bounds()
