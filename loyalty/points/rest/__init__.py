"""The HTTP edge of points."""
