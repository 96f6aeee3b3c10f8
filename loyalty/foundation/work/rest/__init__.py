"""HTTP routes of work."""
