"""Writes of features: the catalogue, and collecting with the cache."""
