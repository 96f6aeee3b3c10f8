"""Migrations of features."""
