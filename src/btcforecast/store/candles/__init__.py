"""Candles in the database: written once, revised openly, read back as they stood at any instant."""

from btcforecast.store.candles.store import CandleStore, Extent, Gap, Written

__all__ = ["CandleStore", "Extent", "Gap", "Written"]
