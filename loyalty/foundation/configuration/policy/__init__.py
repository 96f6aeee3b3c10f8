"""Decisions of configuration as pure functions."""
