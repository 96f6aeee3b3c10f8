"""Decisions on segments as pure functions: bitmaps, plans, schedules, checks."""
