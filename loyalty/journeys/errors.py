"""What journeys refuses."""

from loyalty.foundation.kernel.errors import Conflict, Invalid, NotFound, TooLarge, Unprocessable


class JourneyNotFound(NotFound):
    """There is no such journey."""

    code = "journeys.not_found"
    title = "No such journey"


class VersionNotFound(NotFound):
    """The journey has no version of this number."""

    code = "journeys.version_not_found"
    title = "No such version"


class ExecutionNotFound(NotFound):
    """There is no such execution."""

    code = "journeys.execution_not_found"
    title = "No such execution"


class NodeNotFound(NotFound):
    """The graph has no such node."""

    code = "journeys.node_not_found"
    title = "No such node"


class EdgeNotFound(NotFound):
    """The graph has no such edge."""

    code = "journeys.edge_not_found"
    title = "No such edge"


class TemplateNotFound(NotFound):
    """There is no template of this code."""

    code = "journeys.template_not_found"
    title = "No such template"


class GraphInvalid(Invalid):
    """The document is no graph: a part has another shape, an id is taken twice, or there is too much of it."""

    code = "journeys.graph_invalid"
    title = "Not a graph of a journey"


class DocumentInvalid(Invalid):
    """The document that was to be imported is no export of a journey."""

    code = "journeys.document_invalid"
    title = "Not an exported journey"


class GraphNotPublishable(Unprocessable):
    """The graph has errors; ``problems`` name node and repair."""

    code = "journeys.not_publishable"
    title = "The journey has errors"


class CustomerUnknown(Unprocessable):
    """The customer that was named does not exist."""

    code = "journeys.customer_unknown"
    title = "No such customer"


class SegmentUnknown(Unprocessable):
    """The segment that was named does not exist."""

    code = "journeys.segment_unknown"
    title = "No such segment"


class ListInvalid(Invalid):
    """The list of customers cannot be read: no CSV in UTF-8, or without a column of customers."""

    code = "journeys.list_invalid"
    title = "Not a list of customers"


class ListTooLong(TooLarge):
    """The list names more customers than one may."""

    code = "journeys.list_too_long"
    title = "The list is too long"


class KeyReused(Unprocessable):
    """The key was used before to lead other people in."""

    code = "journeys.key_reused"
    title = "The key was used for other people"


class DraftChanged(Conflict):
    """The draft is not the revision that was read; the facts carry the one that counts."""

    code = "journeys.draft_changed"
    title = "The draft was changed meanwhile"


class JourneyStateWrong(Conflict):
    """The journey's status does not allow this step."""

    code = "journeys.state_wrong"
    title = "Not possible in this status"


class JourneyInUse(Conflict):
    """The journey was published once, so it is archived and not deleted."""

    code = "journeys.in_use"
    title = "The journey was published"


class AlreadyInside(Conflict):
    """The customer is inside, and may be there only once; by key, where the journey counts by key."""

    code = "journeys.already_inside"
    title = "The customer is in the journey already"


class ReEntryRefused(Conflict):
    """The customer was in the journey, and may not come in again, or not yet."""

    code = "journeys.re_entry_refused"
    title = "The customer may not come in again"


class NotAwaited(Conflict):
    """The execution waits for no such event just now."""

    code = "journeys.not_awaited"
    title = "Nothing waits for this event"


class ExecutionOver(Conflict):
    """The execution has ended, or never began."""

    code = "journeys.execution_over"
    title = "The execution is over"


class PlanInvalid(Unprocessable):
    """The plan for the people inside leaves somebody without a place; ``problems`` name the nodes."""

    code = "journeys.plan_invalid"
    title = "The plan for the people inside has errors"
