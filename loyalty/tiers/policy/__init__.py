"""Decisions of tiers as pure functions: ladders, the calendar of qualification, and where a member stands."""
