"""Front door of approvals; the words shared with access and configuration lie in ``kernel.approving``."""

from loyalty.foundation.approvals.contracts import (
    Change,
    Outcome,
    RequestState,
    Step,
    StepMode,
    Verdict,
    WorkflowDraft,
)
from loyalty.foundation.approvals.operations.bypassing import bypass
from loyalty.foundation.approvals.operations.closing import cancel, expire_due
from loyalty.foundation.approvals.operations.deciding import decide
from loyalty.foundation.approvals.operations.delegations import create as create_delegation
from loyalty.foundation.approvals.operations.delegations import end as end_delegation
from loyalty.foundation.approvals.operations.workflows import delete as delete_workflow
from loyalty.foundation.approvals.operations.workflows import save as save_workflow
from loyalty.foundation.kernel.approving import (
    ApprovalRequired,
    Proposal,
    Subject,
    Waiting,
    WaitsForApproval,
    is_demanded,
    register_subject,
    settled,
    submit,
)
from loyalty.foundation.kernel.phrases import Phrase, Words

__all__ = [
    "ApprovalRequired",
    "Change",
    "Outcome",
    "Phrase",
    "Proposal",
    "RequestState",
    "Step",
    "StepMode",
    "Subject",
    "Verdict",
    "Waiting",
    "WaitsForApproval",
    "Words",
    "WorkflowDraft",
    "bypass",
    "cancel",
    "create_delegation",
    "decide",
    "delete_workflow",
    "end_delegation",
    "expire_due",
    "is_demanded",
    "register_subject",
    "save_workflow",
    "settled",
    "submit",
]
