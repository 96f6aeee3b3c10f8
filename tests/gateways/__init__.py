"""Tests of the gateways, and of the whole platform as its HTTP edge shows it."""
