"""HTTP routes of segments."""
