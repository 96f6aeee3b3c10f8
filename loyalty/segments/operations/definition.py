"""Writes on the definition of a segment and the members of a static one."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from loyalty.customers import api as customers
from loyalty.foundation.audit import api as audit
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm.api import bump_version
from loyalty.segments.errors import (
    CustomerUnknown,
    SegmentInUse,
    SegmentKindWrong,
    SegmentNameTaken,
    SegmentRulesMissing,
)
from loyalty.segments.events import SegmentMembersChanged
from loyalty.segments.models import Segment, SegmentKind, SegmentMember
from loyalty.segments.queries import check_rules
from loyalty.segments.registry import list_usages


def _checked(kind: str, rules_json: Any) -> Any:
    if kind == SegmentKind.STATIC:
        if rules_json is not None:
            raise SegmentKindWrong("A static segment has no rules.")
        return None
    if not rules_json:
        raise SegmentRulesMissing("A dynamic segment needs rules.")
    check_rules(rules_json)
    return rules_json


def _body(segment: Segment) -> dict[str, Any]:
    return {
        "name": segment.name,
        "description": segment.description,
        "kind": segment.kind,
        "rules": segment.rules,
    }


def _save(segment: Segment) -> None:
    try:
        with transaction.atomic():
            segment.save()
    except IntegrityError as fault:
        raise SegmentNameTaken(f"There is already a segment {segment.name!r}.") from fault


@transaction.atomic
def create(*, name: str, description: str, kind: str, rules: Any, actor: Actor, now: datetime) -> uuid.UUID:
    """Create a segment.

    :raises SegmentNameTaken: another segment has the name.
    :raises SegmentRulesMissing: dynamic, without rules.
    :raises RuleInvalid: the rules mean nothing here.
    """
    segment = Segment(name=name, description=description, kind=kind, rules=_checked(kind, rules))
    _save(segment)
    audit.record(
        actor=actor,
        act="segments.create",
        subject_kind="segment",
        subject_ref=str(segment.public_id),
        at=now,
        after=_body(segment),
    )
    return segment.public_id


@transaction.atomic
def change(*, segment: Segment, changes: dict[str, Any], actor: Actor, now: datetime) -> None:
    """Change name, description or rules of a segment that the caller read.

    :raises SegmentNameTaken: another segment has the name.
    :raises RuleInvalid: the rules mean nothing here.
    """
    locked = Segment.objects.select_for_update().get(pk=segment.pk)
    before = _body(locked)
    locked.name = changes.get("name", locked.name)
    locked.description = changes.get("description", locked.description)
    if "rules" in changes:
        locked.rules = _checked(locked.kind, changes["rules"])
    _save(locked)
    bump_version(locked)
    audit.record(
        actor=actor,
        act="segments.change",
        subject_kind="segment",
        subject_ref=str(locked.public_id),
        at=now,
        before=before,
        after=_body(locked),
    )


@transaction.atomic
def delete(*, segment: Segment, actor: Actor, now: datetime) -> None:
    """Delete a segment that nothing uses.

    :raises SegmentInUse: names what uses it.
    """
    locked = Segment.objects.select_for_update().get(pk=segment.pk)
    usages = list_usages(locked.public_id)
    if usages:
        named = ", ".join(f"{usage.kind} {usage.name!r}" for usage in usages[:5])
        raise SegmentInUse(f"It is used by {named}.")
    audit.record(
        actor=actor,
        act="segments.delete",
        subject_kind="segment",
        subject_ref=str(locked.public_id),
        at=now,
        before=_body(locked),
    )
    locked.delete()


def _static(segment: Segment) -> Segment:
    locked = Segment.objects.select_for_update().get(pk=segment.pk)
    if locked.kind != SegmentKind.STATIC:
        raise SegmentKindWrong("Members of a dynamic segment come from its rules.")
    return locked


def _tell(segment: Segment, added: int, removed: int, actor: Actor, now: datetime) -> None:
    segment.member_count += added - removed
    segment.save(update_fields=["member_count"])
    fact = SegmentMembersChanged(
        segment_id=str(segment.public_id), added=added, removed=removed, members=segment.member_count
    )
    ref = str(segment.public_id)
    events.publish(fact, key=ref, subject_kind="segment", subject_ref=ref, occurred_at=now)
    audit.record(
        actor=actor,
        act="segments.change",
        subject_kind="segment",
        subject_ref=ref,
        at=now,
        after={"added": added, "removed": removed},
    )


@transaction.atomic
def add_members(*, segment: Segment, customer_ids: Sequence[uuid.UUID], actor: Actor, now: datetime) -> int:
    """Add customers to a static segment; who is in stays in. Give how many were new.

    :raises SegmentKindWrong: the segment is dynamic.
    :raises CustomerUnknown: one of them does not exist; nobody is added.
    """
    locked = _static(segment)
    wanted = list(dict.fromkeys(customer_ids))
    known = {customer.id for customer in customers.list_customers(wanted)}
    missing = [str(one) for one in wanted if one not in known]
    if missing:
        raise CustomerUnknown(f"There is no customer {missing[0]}.", missing=missing[:100])
    present = set(
        SegmentMember.objects.filter(segment=locked, customer_ref__in=wanted).values_list("customer_ref", flat=True)
    )
    fresh = [one for one in wanted if one not in present]
    SegmentMember.objects.bulk_create(
        [SegmentMember(segment=locked, customer_ref=one, added_at=now) for one in fresh], batch_size=5000
    )
    if fresh:
        _tell(locked, len(fresh), 0, actor, now)
    return len(fresh)


@transaction.atomic
def remove_member(*, segment: Segment, customer_id: uuid.UUID, actor: Actor, now: datetime) -> bool:
    """Remove a customer from a static segment; tell whether it was in.

    :raises SegmentKindWrong: the segment is dynamic.
    """
    locked = _static(segment)
    removed, _ = SegmentMember.objects.filter(segment=locked, customer_ref=customer_id).delete()
    if removed:
        _tell(locked, 0, 1, actor, now)
    return bool(removed)
