"""Walk-forward over history: plan, walk, outcomes, leaderboard. Pure: reading and writing files is the caller's."""

from btcforecast.engine.backtest.leaderboard import Place, Ratio, rank_laws, rank_paths, ratio
from btcforecast.engine.backtest.outcomes import log_returns, realised_prices
from btcforecast.engine.backtest.plan import Piece, Plan
from btcforecast.engine.backtest.walk import Walked, path_seed, walk

__all__ = [
    "Piece",
    "Place",
    "Plan",
    "Ratio",
    "Walked",
    "log_returns",
    "path_seed",
    "rank_laws",
    "rank_paths",
    "ratio",
    "realised_prices",
    "walk",
]
