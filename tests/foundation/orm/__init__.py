"""Tests of the base models and of the statements over the connection."""
