"""The tests of resilience."""
