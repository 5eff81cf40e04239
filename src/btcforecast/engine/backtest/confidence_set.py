"""The model confidence set: which models may be the best, given how little a record says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from btcforecast.core import Floats
from btcforecast.engine.backtest.leaderboard import block_length
from btcforecast.engine.scoring import MIN_BLOCKS

N_DRAWS: Final = 1000


def confidence_set(scores: Mapping[str, Floats], *, every_s: int, horizon_s: int) -> dict[str, float]:
    """Return each model's p-value: those of at least 0.1 make up the set that holds the best model with 90 % confidence.

    scores: paired, in time order, nothing missing. Source: Hansen, Lunde and Nason 2011, doi 10.3982/ECTA5771, with the range statistic and
    moving blocks as long as those of the intervals (`arch`). Empty where there are fewer than two models, or too few blocks to leave any of them out.
    """
    names = list(scores)
    block = block_length(every_s=every_s, horizon_s=horizon_s)
    if len(names) < 2 or len(scores[names[0]]) < MIN_BLOCKS * block:
        return {}
    # Imported here because arch brings pandas, which nothing else of a backtest needs.
    from arch.bootstrap import MCS  # noqa: PLC0415  # see above

    losses = np.column_stack([scores[name] for name in names])
    # Models that score alike everywhere have no variance between them, which the test would divide by: one stands for all of them.
    first = {column.tobytes(): i for i, column in reversed(list(enumerate(losses.T)))}
    kept = sorted(first.values())
    if len(kept) < 2:
        return dict.fromkeys(names, 1.0)
    test = MCS(losses[:, kept], size=0.1, reps=N_DRAWS, block_size=block, method="R", bootstrap="moving block", seed=0)
    test.compute()
    found = {kept[int(row)]: float(p) for row, p in test.pvalues["Pvalue"].items()}
    return {name: found[first[column.tobytes()]] for name, column in zip(names, losses.T, strict=True)}
