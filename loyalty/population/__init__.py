"""The people outside, for demo and tests: the BSS simulator and the warehouse tell of the same ones."""
