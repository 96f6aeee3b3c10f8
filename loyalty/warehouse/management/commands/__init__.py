"""Commands of warehouse."""
