"""Migrations of segments."""
