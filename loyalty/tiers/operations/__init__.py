"""Writes of tiers, one file for each thing that happens to a member's tier."""
