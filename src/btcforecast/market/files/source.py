"""What every kind of file is read as."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from btcforecast.market.files.quality import Rows


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a file, which of them are torn, and how much of the file has been read by now."""

    rows: Rows
    is_torn: NDArray[np.bool_]
    n_done: int


class Source(Protocol):
    """A file that yields rows."""

    @property
    def n_units(self) -> int:
        """Return the size of the file in the units of `Piece.n_done`."""
        ...

    def pieces(self) -> Iterator[Piece]:
        """Yield the rows in the file's order."""
        ...
