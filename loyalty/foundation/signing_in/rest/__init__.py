"""Routes of signing in."""
