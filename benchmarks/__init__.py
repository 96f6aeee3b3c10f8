"""Benchmarks: one module each, one harness; they print ratios of one run, because a shared machine has no speed."""
