"""Lets `python -m btcforecast` do what `btcforecast` does."""

from btcforecast.cli import main

main()
