"""Xiva, the BSS: its client, how its JSON maps to ours, and a simulator of it (written by the lead, letter f: please leave it)."""
