"""Decisions of delivery as pure functions: the template language and the contact policy."""
