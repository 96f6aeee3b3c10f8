"""The tests of warehouse."""
