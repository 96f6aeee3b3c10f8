"""HTTP routes of warehouse."""
