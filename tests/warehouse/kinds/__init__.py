"""One set of contract tests, run for every kind of warehouse, and what each kind has of its own."""
