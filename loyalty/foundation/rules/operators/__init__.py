"""The operators of the profile, by family; ``table`` gathers them."""
