"""Registers audit with Django."""

from typing import ClassVar

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The audit log."""

    name = "loyalty.foundation.audit"
    label = "audit"
    permissions: ClassVar[dict[str, str]] = {"view": "See the audit log", "export": "Export the audit log"}
