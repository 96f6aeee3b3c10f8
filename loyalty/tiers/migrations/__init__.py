"""Migrations of tiers."""
