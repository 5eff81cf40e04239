"""Groups of leads within the day ahead that share one regression, and how the scale runs between them."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from btcforecast.core import Floats
from btcforecast.engine.models.contract import N_STEPS
from btcforecast.engine.models.library import GROUP_ENDS

LEAD_GROUPS: Final = tuple(pairwise((0, *GROUP_ENDS)))
"""(begin, end) of each group: the candles begin + 1 to end after the instant of the forecast."""
_CENTERS: Final = np.log([(begin + 1 + end) / 2 for begin, end in LEAD_GROUPS])
_LEADS: Final = np.log(np.arange(1, N_STEPS + 1))


def _shares() -> Floats:
    """Return how much of each lead's value comes from each group, shape (11, 288): linear in the logarithm of the lead."""
    units = np.eye(len(LEAD_GROUPS))
    return np.vstack([np.interp(_LEADS, _CENTERS, unit) for unit in units])


_SHARES: Final = _shares()


def along_leads(by_group: Floats) -> Floats:
    """Return values by group spread over the 288 leads, shape (…, 11) to (…, 288)."""
    return np.asarray(np.einsum("...g,gl->...l", by_group, _SHARES))
