"""A simulated number and how far chance may have moved it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from btcforecast.core import Floats


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and its standard error: what the number of paths leaves open, given the forecast."""

    value: float
    standard_error: float


def share_error(shares: Floats) -> Floats:
    """Return the standard error of the mean of each row; shares: shape (n_rows, n_units), each within [0, 1].

    A unit is what was drawn independently: a path, or a pair of mirrored paths (Glasserman 2003, section 4.2). Two more units are
    counted, one 0 and one 1, so that the error does not vanish where all units agree (Agresti and Coull 1998, doi
    10.1080/00031305.1998.10480550).
    """
    n = shares.shape[1]
    mean = (shares.sum(axis=1) + 1) / (n + 2)
    squares = (np.einsum("ij,ij->i", shares, shares) + 1) / (n + 2)
    return np.asarray(np.sqrt(np.maximum(squares - mean**2, 0) / n))


def mean_error(values: Floats) -> float:
    """Return the standard error of the mean of independent units, shape (n,)."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("inf")
