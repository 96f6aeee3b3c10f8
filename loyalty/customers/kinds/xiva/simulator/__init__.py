"""A Xiva of its own for demo and tests: the same paths, tokens that expire, faults on request."""
