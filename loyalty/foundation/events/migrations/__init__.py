"""Migrations of events."""
