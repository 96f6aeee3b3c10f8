"""Add the customer to a static segment."""

from loyalty.journeys.kinds.actions.segment_members import SegmentMembersAction


class AddToSegment(SegmentMembersAction):
    """``{"segment_id"}``."""

    kind = "add_to_segment"
    title = "Add to a segment"
    description = "The customer becomes a member of a static segment."
    icon = "i-lucide-user-plus"
    is_adding = True
