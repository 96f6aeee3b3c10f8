"""Front door of analytics."""

from loyalty.analytics.queries import get_dashboard

__all__ = ["get_dashboard"]
