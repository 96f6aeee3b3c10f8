"""Composition root: the only place that knows every domain."""

# Every process that reads the settings rings through this application, not only the workers.
from loyalty.config.celery import app as celery_app

__all__ = ["celery_app"]
