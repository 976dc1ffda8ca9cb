"""Derive the shipped tables from raw sources; one module per table, run by ``make data``."""
