"""Reads of segments: previews, explanations, views for other domains."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from loyalty.customers import api as customers
from loyalty.features import api as features
from loyalty.foundation.orm import sql
from loyalty.foundation.rules import api as rules
from loyalty.segments.contracts import Explanation, Preview, SegmentView
from loyalty.segments.errors import SegmentNotFound
from loyalty.segments.models import Segment, SegmentMember

SAMPLE_SIZE = 10

CODES = """
    SELECT m.customer_ref, array_agg(s.public_id ORDER BY s.public_id) AS codes
    FROM segments_segmentmember m JOIN segments_segment s ON s.id = m.segment_id
    WHERE m.customer_ref = ANY(%s::uuid[]) GROUP BY m.customer_ref
"""


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
    rows = Segment.objects.filter(members__customer_ref=customer_id).order_by("name")
    return [view_of(segment) for segment in rows]


def is_member(segment_id: uuid.UUID, customer_id: uuid.UUID) -> bool:
    """Tell whether a customer is in a segment as last calculated."""
    return SegmentMember.objects.filter(segment__public_id=segment_id, customer_ref=customer_id).exists()


def count_segments() -> int:
    """Count the segments."""
    return Segment.objects.count()


def check_rules(rules_json: Any) -> rules.Rule:
    """Check rules against the field catalogue, and that they can run where the data is.

    :raises RuleInvalid: says what is wrong at which place.
    :raises RuleNotCompilable: names the operator that has no SQL form.
    """
    rule = rules.check(rules_json, features.schema(), expects="boolean")
    source = features.source()
    rules.compile_predicate(rule, source.columns, now=source.reference_instant)
    return rule


def rules_in_words(rules_json: Any) -> str:
    """Say rules in words; empty when there are none or the catalogue no longer knows a field."""
    if rules_json is None:
        return ""
    try:
        schema = features.schema()
        return rules.say(rules.check(rules_json, schema, expects="boolean"), schema)
    except rules.RuleInvalid as refusal:
        return refusal.detail


def preview(rules_json: Any, *, now: datetime) -> Preview:
    """Count whom rules select in the warehouse now, with a small sample.

    :raises RuleInvalid: the rules mean nothing here.
    :raises WarehouseUnavailable: the warehouse does not answer.
    """
    rule = check_rules(rules_json)
    source = features.source()
    predicate = rules.compile_predicate(rule, source.columns, now=now)
    matched = func.count().filter(predicate)
    counts = source.connector.fetch_all(select(matched, func.count()).select_from(source.table))
    chosen = select(source.key).select_from(source.table).where(predicate).order_by(source.key).limit(SAMPLE_SIZE)
    found = [uuid.UUID(str(row[0])) for row in source.connector.fetch_all(chosen)]
    known = customers.list_customers(found)
    references = {customer.id: customer.customer_ref for customer in known}
    return Preview(
        count=int(counts[0][0]),
        total=int(counts[0][1]),
        sample=tuple({"customer_id": str(one), "customer_ref": references.get(one, "")} for one in found),
        rules_in_words=rules.say(rule, features.schema()),
    )


def explain(segment: Segment, customer_id: uuid.UUID, *, now: datetime) -> Explanation:
    """Say why a customer is in a segment or not: each condition with the fact it met.

    :raises CustomerNotFound: there is no such customer.
    """
    customer = customers.get_customer(customer_id)
    stored = SegmentMember.objects.filter(segment=segment, customer_ref=customer.id).exists()
    if segment.rules is None:
        return Explanation(is_member=stored, matches=None, as_of=now, trace=())
    rule = rules.check(segment.rules, features.schema(), expects="boolean")
    outcome = rules.explain(rule, features.get_features(customer.id), now=now)
    trace = tuple(
        {
            "rule": step.words,
            "path": step.path,
            "operator": step.operator,
            "facts": dict(step.facts),
            "value": step.value,
            "decisive": step.is_decisive,
        }
        for step in outcome.trace
    )
    return Explanation(is_member=stored, matches=bool(outcome.value), as_of=now, trace=trace)


def overview_part(customer_id: uuid.UUID, *, now: datetime) -> dict[str, Any]:
    """Give the segments for the whole view of a customer."""
    return {"segments": [{"id": str(view.id), "name": view.name} for view in list_segments_of(customer_id)]}


def list_segment_codes(customer_ids: Sequence[uuid.UUID], at: datetime) -> dict[uuid.UUID, tuple[str, ...]]:
    """Give the public ids, as text, of the segments that customers are in now, for earn rules; the instant is ignored.

    What was calculated is what counts; the past of a membership is not kept customer by customer.
    """
    rows = sql.fetch_all(CODES, [list(customer_ids)])
    return {row["customer_ref"]: tuple(str(code) for code in row["codes"]) for row in rows}
