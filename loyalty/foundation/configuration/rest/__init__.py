"""HTTP routes of configuration."""
