"""The HTTP edge of tiers."""
