"""Migrations of customers."""
