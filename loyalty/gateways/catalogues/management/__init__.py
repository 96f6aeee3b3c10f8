"""Commands of catalogues."""
