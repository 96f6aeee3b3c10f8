"""Bookkeeping of points: accounts, transactions, entries, lots and balances; knows no program, tier or rule."""
