"""Campaigns: who is written to, on which occasion, with what, and what came of it."""
