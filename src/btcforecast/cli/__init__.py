"""The command line: one file per group, registered in `app`."""

from btcforecast.cli.app import main

__all__ = ["main"]
