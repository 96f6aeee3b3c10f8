"""What segments refuses."""

from loyalty.foundation.kernel.errors import Conflict, Invalid, NotFound


class SegmentNotFound(NotFound):
    """There is no such segment."""

    code = "segment.not_found"
    title = "Segment not found"


class SegmentNameTaken(Conflict):
    """Another segment has the name."""

    code = "segment.name_taken"
    title = "Name taken"


class SegmentInUse(Conflict):
    """Something needs the segment; it is not deleted."""

    code = "segment.in_use"
    title = "The segment is in use"


class SegmentRulesMissing(Invalid):
    """A dynamic segment needs rules."""

    code = "segment.rules_missing"
    title = "Rules are missing"


class SegmentKindWrong(Conflict):
    """Members of a dynamic segment come from its rules; a static one has no rules to recalculate."""

    code = "segment.kind_wrong"
    title = "Not for this kind of segment"


class CustomerUnknown(NotFound):
    """There is no such customer."""

    code = "customer.not_found"
    title = "Customer not found"
