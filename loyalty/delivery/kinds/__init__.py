"""Channels, each in a folder of its own, and their registry."""
