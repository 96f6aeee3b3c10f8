"""Registers analytics with Django."""

from typing import ClassVar

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """Figures."""

    name = "loyalty.analytics"
    label = "analytics"
    permissions: ClassVar[dict[str, str]] = {"view": "See figures and reports"}
