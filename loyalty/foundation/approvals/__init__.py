"""Maker and checker: which changes wait for others, who asked, who decided, and the change made exactly once."""
