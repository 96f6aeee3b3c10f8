"""Registers audit with Django."""

from typing import ClassVar

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The audit log."""

    name = "loyalty.foundation.audit"
    label = "audit"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See the audit log",
        "export": "Export the audit log",
        "verify": "Hold the audit log against its chain",
    }

    def ready(self) -> None:
        """Take the run that verifies."""
        from loyalty.foundation.audit.operations import verifying
        from loyalty.foundation.work import api as work

        work.register(verifying.RUN_KIND, verifying.execute)
