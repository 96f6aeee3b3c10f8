"""Remove the customer from a static segment."""

from loyalty.journeys.kinds.actions.segment_members import SegmentMembersAction


class RemoveFromSegment(SegmentMembersAction):
    """``{"segment_id"}``."""

    kind = "remove_from_segment"
    title = "Remove from a segment"
    description = "The customer leaves a static segment."
    icon = "i-lucide-user-minus"
    is_adding = False
