"""HTTP routes of customer360."""
