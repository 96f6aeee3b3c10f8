"""HTTP routes of events."""
