"""Registers warehouse with Django."""

from typing import ClassVar

from django.apps import AppConfig


class WarehouseConfig(AppConfig):
    """The warehouse."""

    name = "loyalty.warehouse"
    label = "warehouse"
    permissions: ClassVar[dict[str, str]] = {"view": "See and test the connection to the warehouse"}

    def ready(self) -> None:
        """Register the sections of the warehouse."""
        from loyalty.foundation.configuration import api as configuration
        from loyalty.warehouse.operations import sections

        configuration.register_section(sections.DWH)
        configuration.register_section(sections.DWH_FEATURES)
