"""Writes of customers, one module each."""
