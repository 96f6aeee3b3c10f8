"""Writes on the definition of a segment."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction

from loyalty.features import api as features
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.editing import VersionCheck, any_version
from loyalty.foundation.orm.api import bump_version
from loyalty.foundation.rules import api as rules
from loyalty.segments.errors import (
    SegmentCycle,
    SegmentInUse,
    SegmentKindWrong,
    SegmentLimitInvalid,
    SegmentNameTaken,
    SegmentNotSingle,
    SegmentRulesMissing,
)
from loyalty.segments.models import Segment, SegmentKind
from loyalty.segments.policy.planning import Plan, find_cycle, plan_of
from loyalty.segments.policy.schedule import next_due, read_schedule
from loyalty.segments.queries import views, world
from loyalty.segments.registry import list_usages

# Whether a rule compiles does not depend on when.
ANY_INSTANT = datetime(2024, 1, 1, tzinfo=UTC)
LIMIT_MAX = 100_000_000
ORDERS = ("descending", "ascending")
# What a caller may say of a segment besides its kind.
CHANGEABLE = ("name", "description", "rules", "limit", "schedule", "is_event_driven", "refreshes_on_features")


def check_rules(rules_json: Any, profile: int = rules.PROFILE_LATEST) -> rules.Rule:
    """Check rules against all that a segment may ask for, and that each part can run where its facts are.

    :raises RuleInvalid: says what is wrong at which place.
    :raises RuleNotCompilable: names the operator that has no SQL form.
    """
    rule = rules.check(rules_json, world.schema(), "boolean", profile)
    check_runs(rule)
    return rule


def check_runs(rule: rules.Rule, *, is_value: bool = False) -> None:
    """Refuse what no set can answer.

    :raises RuleNotCompilable: names the operator and the place.
    """
    here, now = world.warehouse_fields(), ANY_INSTANT
    plan = Plan((), (rule,), frozenset(), reads_warehouse=True) if is_value else plan_of(rule, here)
    source = features.source() if rules.uses_fields(rule) & here else None
    columns = dict(source.columns) if source is not None else {}
    for part in plan.pushed:
        assert source is not None
        rules.compile_predicate(part, columns, now=now, dialect_name=source.connector.dialect.name)
    origins = features.field_origins()
    for group in {origins[name].group for name in rules.uses_fields(rule) if origins[name].group}:
        columns.update(features.platform_relation(group, now=now).columns)
    compile_ = rules.compile_value if is_value else rules.compile_predicate
    for part in plan.rest:
        compile_(part, columns, now=now, context=world.set_answers())


def read_limit(raw: Any) -> dict[str, Any] | None:
    """Check a limit and give it in its one form.

    :raises SegmentLimitInvalid: says what is wrong.
    :raises RuleInvalid: the score to order by means nothing here.
    """
    if raw is None:
        return None
    if not isinstance(raw, Mapping) or set(raw) - {"count", "by", "order"}:
        raise SegmentLimitInvalid("A limit has count, by and order.")
    count, order = raw.get("count"), raw.get("order", "descending")
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= LIMIT_MAX:
        raise SegmentLimitInvalid(f"count is a whole number from 1 to {LIMIT_MAX}.")
    if order not in ORDERS:
        raise SegmentLimitInvalid(f"order is {' or '.join(ORDERS)}.")
    if raw.get("by") is None:
        raise SegmentLimitInvalid("by is the score to order by, a rule that gives a number.")
    check_runs(rules.check(raw["by"], world.schema(), "number"), is_value=True)
    return {"count": count, "by": raw["by"], "order": order}


def _body(segment: Segment) -> dict[str, Any]:
    names = ("name", "description", "kind", "rules", "limit", "schedule", "is_event_driven", "refreshes_on_features")
    return {name: getattr(segment, name) for name in names}


def _save(segment: Segment) -> None:
    try:
        with transaction.atomic():
            segment.save()
    except IntegrityError as fault:
        raise SegmentNameTaken(f"There is a segment called {segment.name!r}.") from fault


def _take(segment: Segment, given: Mapping[str, Any], now: datetime) -> None:
    """Take what is given into a segment, checked."""
    segment.name = given.get("name", segment.name)
    segment.description = given.get("description", segment.description)
    if segment.kind == SegmentKind.STATIC:
        if any(given.get(name) for name in CHANGEABLE[2:]):
            raise SegmentKindWrong("A static segment has no rules, limit or schedule.")
        segment.is_stale = False
        return
    if "rules" in given or segment.rules is None:
        _take_rules(segment, given.get("rules"))
    if "limit" in given:
        segment.limit = read_limit(given["limit"])
        segment.is_stale = True
    if "schedule" in given:
        segment.schedule = read_schedule(given["schedule"])
        segment.due_at = next_due(segment.schedule, now)
    segment.is_event_driven = given.get("is_event_driven", segment.is_event_driven)
    segment.refreshes_on_features = given.get("refreshes_on_features", segment.refreshes_on_features)
    if segment.is_event_driven and segment.limit is not None:
        raise SegmentNotSingle("A segment with a limit is decided for all customers together, not by single events.")


def _take_rules(segment: Segment, rules_json: Any) -> None:
    if not rules_json:
        raise SegmentRulesMissing("A dynamic segment needs rules.")
    rule = check_rules(rules_json)
    named = sorted(rules.uses_segments(rule))
    own = str(segment.public_id)
    way = find_cycle(own, {**views.uses_by_segment(), own: named})
    if way:
        known = {str(one.public_id): one.name for one in Segment.objects.filter(public_id__in=way)}
        raise SegmentCycle(f"It would depend on itself: {' → '.join(known.get(one, segment.name) for one in way)}.")
    segment.rules, segment.rules_profile, segment.depends_on = rules_json, rule.profile, named
    segment.is_stale = True


@transaction.atomic
def create(
    *, name: str, description: str, kind: str, rules: Any, actor: Actor, now: datetime, **others: Any
) -> uuid.UUID:
    """Create a segment; give its public id. ``others``: ``limit``, ``schedule``, ``is_event_driven``,
    ``refreshes_on_features``.

    :raises SegmentNameTaken: another segment has the name.
    :raises RuleInvalid: the rules mean nothing here.
    :raises RuleNotCompilable: the rules cannot run where the data is.
    """
    segment = Segment(name=name, description=description, kind=kind, owner_ref=actor.owner_ref)
    _take(segment, {"rules": rules, **others}, now)
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
def change(
    *, segment: Segment, changes: dict[str, Any], actor: Actor, now: datetime, check_version: VersionCheck = any_version
) -> None:
    """Change a segment that the caller read; ``check_version`` may refuse the version that stands.

    :raises SegmentNameTaken: another segment has the name.
    :raises RuleInvalid: the rules mean nothing here.
    :raises SegmentCycle: the rules would make it depend on itself.
    """
    # One at a time: two changes at once could close a circle that neither of them sees.
    list(Segment.objects.select_for_update().order_by("pk").filter(kind=SegmentKind.DYNAMIC).values_list("pk"))
    locked = Segment.objects.select_for_update().get(pk=segment.pk)
    check_version(locked.version)
    before = _body(locked)
    _take(locked, changes, now)
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
