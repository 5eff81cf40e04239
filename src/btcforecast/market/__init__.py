"""Candles in: venues, ingest, gaps, file import and the simulated market."""
