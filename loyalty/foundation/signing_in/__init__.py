"""Signing in: passwords, second factor, sessions, and the operator's own identity provider."""
