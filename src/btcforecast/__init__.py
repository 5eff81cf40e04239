"""Probability forecasts for Bitcoin: sealed before the outcome, scored in public."""

__version__ = "0.2.0"
