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
        """Put publications under approval, and tell by which names requests name programs and partners."""
        from loyalty.foundation.approvals import api as approvals
        from loyalty.foundation.audit import api as audit
        from loyalty.foundation.web import scoping
        from loyalty.programs import queries
        from loyalty.programs.operations import asking, documents

        for kind, title in asking.TITLES.items():
            approvals.register_subject(
                approvals.Subject(
                    kind=kind, title=title, permission="programs.change", apply=documents.apply,
                    describe=asking.describe, words=asking.WORDS, is_still_valid=asking.is_still_valid,
                )
            )  # fmt: skip
        audit.register_link("program", "/programs/{ref}")
        scoping.register_kind("program", scoping.by_itself("program"), names=("program", "program_id"))
        # Under this name a route also asks whose program it is; others need no question for it.
        scoping.register_kind("owned_program", queries.list_places, names=())
        scoping.register_kind("partner", scoping.by_itself("partner"), names=("partner_ref",))
