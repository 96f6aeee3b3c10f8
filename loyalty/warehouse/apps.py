"""Registers warehouse with Django."""

from typing import ClassVar

from django.apps import AppConfig


class WarehouseConfig(AppConfig):
    """The warehouse."""

    name = "loyalty.warehouse"
    label = "warehouse"
    permissions: ClassVar[dict[str, str]] = {"view": "See and test the connection to the warehouse"}
