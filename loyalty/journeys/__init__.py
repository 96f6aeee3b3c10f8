"""Journeys: what a customer is led through, step by step, and where each one stands."""
