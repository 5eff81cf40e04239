"""Forecasting models: the contract, one file a model, and the catalogue that finds them by name."""
