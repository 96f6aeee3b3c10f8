"""What the platform does not do: the same logic the ordinary way, kept only to be measured against."""
