"""The tests of features."""
