"""The HTTP edge of programs."""
