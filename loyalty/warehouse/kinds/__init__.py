"""Connectors, one folder per kind of warehouse."""
