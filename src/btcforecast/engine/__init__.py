"""The science: pure functions of numbers. Imports no framework, database, network, settings or clock."""
