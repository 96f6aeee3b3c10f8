"""Tests of the kinds of actions."""
