"""Xiva, the telecom BSS: its client, how its JSON maps to ours, and a simulator of it."""
