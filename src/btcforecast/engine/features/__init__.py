"""What models compute from candles: returns, moving averages, the shape of the week. Everything is known at the candle's close."""
