"""The sources of candles and prices: exchanges through ccxt, and the generator."""

from btcforecast.market.venues.exchange import CcxtVenue

__all__ = ["CcxtVenue"]
