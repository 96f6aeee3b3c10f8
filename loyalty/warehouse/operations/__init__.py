"""Writes: filling a warehouse for demo and tests."""
