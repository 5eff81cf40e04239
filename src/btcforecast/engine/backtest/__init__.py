"""Walk-forward over history: plan, walk, outcomes, leaderboard. Pure: reading and writing files is the caller's."""

from btcforecast.engine.backtest.confidence_set import confidence_set
from btcforecast.engine.backtest.leaderboard import Place, Ratio, rank_laws, rank_paths, ratio
from btcforecast.engine.backtest.outcomes import log_returns, realised_prices, realised_variances
from btcforecast.engine.backtest.periods import daily_means, monthly_means
from btcforecast.engine.backtest.plan import Piece, Plan, batches
from btcforecast.engine.backtest.regimes import past_day_volatility, terciles
from btcforecast.engine.backtest.variances import variance_losses
from btcforecast.engine.backtest.walk import PATH_LEADS, Walked, path_seed, walk

__all__ = [
    "PATH_LEADS",
    "Piece",
    "Place",
    "Plan",
    "Ratio",
    "Walked",
    "batches",
    "confidence_set",
    "daily_means",
    "log_returns",
    "monthly_means",
    "past_day_volatility",
    "path_seed",
    "rank_laws",
    "rank_paths",
    "ratio",
    "realised_prices",
    "realised_variances",
    "terciles",
    "variance_losses",
    "walk",
]
