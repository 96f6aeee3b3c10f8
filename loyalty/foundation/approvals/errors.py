"""What approvals refuses."""

from loyalty.foundation.kernel.approving import ApprovalRequired
from loyalty.foundation.kernel.errors import Conflict, Forbidden, Invalid, NotFound

__all__ = [
    "AlreadyDecided",
    "ApprovalRequired",
    "CheckerTouched",
    "CommentMissing",
    "DelegationInvalid",
    "GainsByIt",
    "NotChecker",
    "NotDelegate",
    "NotExecutable",
    "PayloadChanged",
    "RequestClosed",
    "RequestNotFound",
    "SelfApproval",
    "Undecidable",
    "WorkflowInvalid",
    "WorkflowNotFound",
]


class SelfApproval(Forbidden):
    """Whoever asked does not decide: not by another account, a token, or through a delegate."""

    code = "approvals.self_approval"
    title = "Nobody decides on what they asked for"


class GainsByIt(Forbidden):
    """Whoever is given something by the change does not decide on it."""

    code = "approvals.gains_by_it"
    title = "Nobody decides on what is in their own favour"


class NotChecker(Forbidden):
    """The step that is open is decided by others."""

    code = "approvals.not_checker"
    title = "This step is decided by others"


class NotDelegate(Forbidden):
    """Nobody has handed their decisions over to the one who decides in their place."""

    code = "approvals.not_delegate"
    title = "You do not stand in for this person now"


class CheckerTouched(Forbidden):
    """The maker made or changed the checker's account after asking."""

    code = "approvals.checker_touched"
    title = "The maker changed this account after asking"


class AlreadyDecided(Conflict):
    """One person has one decision on a request, whatever accounts they use."""

    code = "approvals.already_decided"
    title = "You have decided on this already"


class RequestClosed(Conflict):
    """The request has ended: executed, rejected, expired, cancelled, voided or bypassed."""

    code = "approvals.closed"
    title = "This request has ended"


class PayloadChanged(Conflict):
    """What is asked for is not what was read, or not what this key asked for before."""

    code = "approvals.payload_changed"
    title = "This is not the change that was asked for"


class NotExecutable(Conflict):
    """The change is refused by its own domain now; nothing was decided."""

    code = "approvals.not_executable"
    title = "The change cannot be made now"


class Undecidable(Conflict):
    """Beside the maker there are not enough people who could decide."""

    code = "approvals.undecidable"
    title = "Nobody could decide on this"


class CommentMissing(Invalid):
    """A rejection, a cancellation or a bypass says why."""

    code = "approvals.comment_missing"
    title = "Say why"


class WorkflowInvalid(Invalid):
    """The workflow cannot be stored."""

    code = "approvals.workflow_invalid"
    title = "This workflow cannot work"


class DelegationInvalid(Invalid):
    """Decisions cannot be handed over like this."""

    code = "approvals.delegation_invalid"
    title = "Decisions cannot be handed over like this"


class RequestNotFound(NotFound):
    """There is no such request."""

    code = "approvals.request_not_found"
    title = "Request not found"


class WorkflowNotFound(NotFound):
    """There is no such workflow."""

    code = "approvals.workflow_not_found"
    title = "Workflow not found"
