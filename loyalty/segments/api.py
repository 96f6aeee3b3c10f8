"""Front door of segments."""

from loyalty.segments.contracts import Explanation, Preview, SegmentView, Usage
from loyalty.segments.errors import SegmentInUse, SegmentKindWrong, SegmentNotFound
from loyalty.segments.operations.definition import change, check_rules, create, delete
from loyalty.segments.operations.explaining import explain, explain_unsaved
from loyalty.segments.operations.members import add_members, remove_member, turn_members
from loyalty.segments.operations.previewing import preview
from loyalty.segments.operations.recalculation import find_last_run, recalculate, start_recalculation, start_together
from loyalty.segments.operations.scheduling import keep_day, refresh_after_features, start_due
from loyalty.segments.operations.settling import forget_touched, get_position_read, is_anything_driven, settle
from loyalty.segments.operations.uploading import upload
from loyalty.segments.queries.membership import is_member
from loyalty.segments.queries.views import count_segments, get_segment, list_segments, list_segments_of, rules_in_words
from loyalty.segments.registry import list_usages, register_usage

# Contract view: (segment_id, segment_public_id, customer_id, customer_public_id).
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
    "explain_unsaved",
    "find_last_run",
    "forget_touched",
    "get_segment",
    "get_position_read",
    "is_anything_driven",
    "is_member",
    "keep_day",
    "list_segments",
    "list_segments_of",
    "list_usages",
    "preview",
    "recalculate",
    "refresh_after_features",
    "register_usage",
    "remove_member",
    "rules_in_words",
    "settle",
    "start_due",
    "start_recalculation",
    "start_together",
    "turn_members",
    "upload",
]
