"""HTTP routes of features."""
