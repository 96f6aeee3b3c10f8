"""The access matrix: what is asked of every route, and what each answer must be."""
