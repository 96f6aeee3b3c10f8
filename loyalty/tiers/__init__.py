"""Tiers: which tier a member has earned, when it changes, and what it brings."""
