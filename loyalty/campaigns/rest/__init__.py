"""HTTP routes of campaigns."""
