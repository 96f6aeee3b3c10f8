"""HTTP routes of delivery: the public signed links."""
