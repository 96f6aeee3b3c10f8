"""The ways to a network: one file each."""
