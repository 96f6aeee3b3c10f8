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
