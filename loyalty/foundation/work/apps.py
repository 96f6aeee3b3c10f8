"""Registers work with Django."""

from typing import ClassVar

from django.apps import AppConfig


class WorkConfig(AppConfig):
    """Runs."""

    name = "loyalty.foundation.work"
    label = "work"
    permissions: ClassVar[dict[str, str]] = {"view": "See runs", "cancel": "Stop a run"}
