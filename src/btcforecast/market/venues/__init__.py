"""The sources of candles and prices: exchanges through ccxt, and the generator."""

from btcforecast.market.venues.choose import first_answering, open_venues
from btcforecast.market.venues.exchange import CcxtVenue
from btcforecast.market.venues.simulated import SimulatedVenue

__all__ = ["CcxtVenue", "SimulatedVenue", "first_answering", "open_venues"]
