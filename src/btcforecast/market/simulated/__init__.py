"""The simulated market: generated candles and prices for a system without a network, plainly marked as such."""

from btcforecast.market.simulated.market import ANCHOR_AT, SimulatedMarket

__all__ = ["ANCHOR_AT", "SimulatedMarket"]
