"""Registers programs with Django."""

from typing import ClassVar

from django.apps import AppConfig


class ProgramsConfig(AppConfig):
    """Programs, their versions, tiers and members."""

    name = "loyalty.programs"
    label = "programs"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See programs, tiers, rules and caps",
        "create": "Create programs",
        "change": "Change programs, their tiers and their rules",
        "enroll": "Enrol customers in a program",
        "leave": "Take members out of a program",
        "delete": "Delete draft programs",
    }

    def ready(self) -> None:
        """Tell by which names requests name programs and partners."""
        from loyalty.foundation.web import scoping

        scoping.register_kind("program", scoping.by_itself("program"), names=("program", "program_id"))
        scoping.register_kind("partner", scoping.by_itself("partner"), names=("partner_ref",))
