"""Adapters and assembled views: they own no business fact."""
