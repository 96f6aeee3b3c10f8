"""HTTP routes of exchange."""
