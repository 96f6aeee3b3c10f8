"""Django's PostgreSQL backend with a health check that costs nothing and cursors that prepare their statements."""
