"""Front door of segments."""

from loyalty.segments.contracts import Explanation, Preview, SegmentView, Usage
from loyalty.segments.errors import SegmentInUse, SegmentKindWrong, SegmentNotFound
from loyalty.segments.operations.definition import add_members, change, create, delete, remove_member
from loyalty.segments.operations.recalculation import recalculate, start_recalculation
from loyalty.segments.queries import (
    check_rules,
    count_segments,
    explain,
    get_segment,
    is_member,
    list_segments_of,
    preview,
    rules_in_words,
)
from loyalty.segments.registry import list_usages, register_usage

# Contract view: (segment_id, segment_public_id, customer_id, customer_public_id, added_at).
MEMBERSHIP_VIEW = "segments_membership"

__all__ = [
    "MEMBERSHIP_VIEW",
    "Explanation",
    "Preview",
    "SegmentInUse",
    "SegmentKindWrong",
    "SegmentNotFound",
    "SegmentView",
    "Usage",
    "add_members",
    "change",
    "check_rules",
    "count_segments",
    "create",
    "delete",
    "explain",
    "get_segment",
    "is_member",
    "list_segments_of",
    "list_usages",
    "preview",
    "recalculate",
    "register_usage",
    "remove_member",
    "rules_in_words",
    "start_recalculation",
]
