"""Migrations of configuration."""
