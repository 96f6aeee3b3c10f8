"""Writes of signing in."""
