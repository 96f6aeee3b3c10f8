"""The tests of customers."""
