"""Lists of what the code promises: events, error codes, permissions, routes."""
