"""Decisions of campaigns as pure functions."""
