"""The tests of population."""
