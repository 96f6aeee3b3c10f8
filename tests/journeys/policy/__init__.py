"""Tests of the decisions of journeys."""
