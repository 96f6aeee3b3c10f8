"""Reads of segments: their definitions, and what other domains see of them."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from loyalty.features import api as features
from loyalty.foundation.kernel.grants import Place, Scope
from loyalty.foundation.rules import api as rules
from loyalty.foundation.rules.contracts import FieldType
from loyalty.foundation.web.scoping import is_public_id
from loyalty.segments.contracts import SegmentView, Usage
from loyalty.segments.errors import SegmentNotFound
from loyalty.segments.models import Segment
from loyalty.segments.queries import membership, world

# The platform facts that segments offers to everybody but segments themselves, which ask by public id: a rule that
# reads names could depend on itself, and nobody would see it.
FACTS = features.PlatformFacts(
    group=world.OWN_GROUP,
    relation="segments_customer_facts",
    fields=(
        features.PlatformField(
            *("segment_count", FieldType.INTEGER, "Segments", "", "Segments"),
            description="How many segments the customer is in.",
            absent=0,
        ),
        features.PlatformField(
            *("segment_names", FieldType.TEXT_LIST, "Names of the segments", "", "Segments"),
            description="The names of the segments that the customer is in, in order.",
            null_kind=features.NullKind.NONE,
            null_meaning="The customer is in no segment.",
        ),
    ),
)

# What is said above, in Arabic.
ARABIC = {
    "Segments": "الشرائح",
    "How many segments the customer is in.": "عدد الشرائح التي ينتمي إليها العميل.",
    "Names of the segments": "أسماء الشرائح",
    "The names of the segments that the customer is in, in order.": "أسماء الشرائح التي ينتمي إليها العميل مرتبة.",
    "The customer is in no segment.": "العميل ليس في أي شريحة.",
}


def view_of(segment: Segment) -> SegmentView:
    """Give a segment as other domains see it."""
    return SegmentView(
        id=segment.public_id,
        internal_id=segment.pk,
        name=segment.name,
        kind=segment.kind,
        member_count=segment.member_count,
        last_calculated_at=segment.last_calculated_at,
    )


def get_segment(segment_id: uuid.UUID) -> SegmentView:
    """Give a segment.

    :raises SegmentNotFound: there is none.
    """
    segment = Segment.objects.filter(public_id=segment_id).first()
    if segment is None:
        raise SegmentNotFound()
    return view_of(segment)


def list_segments_of(customer_id: uuid.UUID) -> list[SegmentView]:
    """List the segments that a customer is in, by name."""
    inside = membership.list_segment_ids_of([customer_id]).get(customer_id, [])
    return [view_of(segment) for segment in Segment.objects.filter(public_id__in=inside).order_by("name")]


def list_segments() -> list[SegmentView]:
    """List all segments, by name."""
    return [view_of(segment) for segment in Segment.objects.order_by("name")]


def count_segments() -> int:
    """Count the segments."""
    return Segment.objects.count()


def rules_in_words(rules_json: Any, profile: int = rules.PROFILE_LATEST, language: str = "en") -> str:
    """Say rules in words; empty when there are none, and what is wrong when the catalogue no longer knows a field."""
    if rules_json is None:
        return ""
    try:
        schema = world.schema(language)
        return rules.say(rules.check(rules_json, schema, "boolean", profile), schema, language)
    except rules.RuleInvalid as refusal:
        return refusal.detail


def overview_part(customer_id: uuid.UUID, *, now: datetime) -> dict[str, Any]:
    """Give the segments for the whole view of a customer."""
    return {"segments": [{"id": str(view.id), "name": view.name} for view in list_segments_of(customer_id)]}


def list_segment_codes(customer_ids: Sequence[uuid.UUID], at: datetime) -> dict[uuid.UUID, tuple[str, ...]]:
    """Give the public ids, as text, of the segments that customers are in now, for earn rules; the instant is ignored.

    What is calculated is what counts.
    """
    inside = membership.list_segment_ids_of(customer_ids)
    return {customer_id: tuple(str(one) for one in segments) for customer_id, segments in inside.items()}


def list_dependants(segment_id: uuid.UUID) -> list[Usage]:
    """Name the segments whose rules ask for membership of this one."""
    rows = Segment.objects.filter(depends_on__contains=[str(segment_id)]).order_by("name")
    return [Usage(kind="segment", id=str(one.public_id), name=one.name) for one in rows]


def uses_by_segment() -> dict[str, list[str]]:
    """Give for every segment the segments that its rules name."""
    rows = Segment.objects.values_list("public_id", "depends_on")
    return {str(public_id): list(names) for public_id, names in rows}


def list_places(refs: Sequence[str]) -> dict[str, Place]:
    """Give whose own each segment is; an empty text is nobody's, and no grant reaches it."""
    rows = Segment.objects.filter(public_id__in=[ref for ref in refs if is_public_id(ref)])
    return {str(ref): {Scope.OWN: owner or ""} for ref, owner in rows.values_list("public_id", "owner_ref")}
