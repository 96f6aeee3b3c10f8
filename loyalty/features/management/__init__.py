"""Commands of features."""
