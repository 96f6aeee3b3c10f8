"""Migrations of signing in."""
