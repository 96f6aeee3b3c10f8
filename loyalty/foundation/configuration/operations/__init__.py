"""Writes of configuration, and what needs keys or threads."""
