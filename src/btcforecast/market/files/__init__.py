"""Candle files: CSV and Parquet in the many forms that people have them, read in pieces, with a reason for every row left out."""

from btcforecast.market.files.bounds import UNBOUNDED, Bounds
from btcforecast.market.files.names import parse_symbol, series_of
from btcforecast.market.files.quality import Reason, Rejected
from btcforecast.market.files.reader import CandleFile, Chunk, read_candles, refuse_nothing

__all__ = [
    "UNBOUNDED",
    "Bounds",
    "CandleFile",
    "Chunk",
    "Reason",
    "Rejected",
    "parse_symbol",
    "read_candles",
    "refuse_nothing",
    "series_of",
]
