"""Typed facts about customers: the catalogue, the sources, the merge and the cache."""
