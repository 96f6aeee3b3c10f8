"""Writes of journeys: drafts and versions, letting people in, moving them on, hearing facts, letting them go."""
