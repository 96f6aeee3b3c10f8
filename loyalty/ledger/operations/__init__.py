"""Writes of the ledger: each verb is one call of one SQL function."""
