"""Registers approvals with Django, itself with the seam in the kernel, and its own changes as subjects."""

from typing import ClassVar

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    """Maker and checker."""

    name = "loyalty.foundation.approvals"
    label = "approvals"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See workflows and requests of approvals",
        "decide": "Decide on requests of others",
        "manage": "Create and change workflows, cancel requests, and hand decisions over for others",
        "bypass": "Have a change made without its approval in an emergency",
    }

    def ready(self) -> None:
        """Take the place at the gate."""
        from loyalty.foundation.approvals import policy
        from loyalty.foundation.approvals.operations import bypassing, reviewing, workflows
        from loyalty.foundation.approvals.operations.submitting import ApprovalGate
        from loyalty.foundation.audit import api as audit
        from loyalty.foundation.kernel.approving import Subject, install, register_subject

        install(ApprovalGate())
        register_subject(
            Subject(
                kind=workflows.KIND, title="Change of a workflow", permission="approvals.manage", apply=workflows.apply,
                describe=workflows.describe, words=workflows.WORDS, is_still_valid=workflows.is_still_valid,
            )
        )  # fmt: skip
        register_subject(
            Subject(
                kind=bypassing.REVIEW, title="Review of an emergency", permission="approvals.bypass",
                apply=reviewing.apply, describe=reviewing.describe, words=policy.REVIEW_WORDS,
                is_still_valid=reviewing.is_still_valid,
            )
        )  # fmt: skip
        audit.register_link("approval_request", "/approvals/{ref}")
