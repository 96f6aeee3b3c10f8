"""HTTP routes of analytics."""
