"""Writes of campaigns: definition, triggering, fan-out, schedules, conversions."""
