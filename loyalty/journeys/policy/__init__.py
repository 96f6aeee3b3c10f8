"""Decisions of journeys as pure functions."""
