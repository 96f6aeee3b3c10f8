"""Segments as platform facts: for the whole view of a customer and for rules of others, never for rules of segments."""

import uuid
from datetime import datetime

import pytest
from django.conf import settings
from django.core.cache import cache

from loyalty.customers import api as customers
from loyalty.features import api as features
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import public_id_of_ref
from loyalty.foundation.rules import api as rules
from loyalty.segments import api
from loyalty.segments.models import Segment
from loyalty.segments.queries import world

NAMES = ("segment_count", "segment_names")


@pytest.fixture
def people(db: None, actor: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch) -> list[uuid.UUID]:
    """Two customers; the first in two segments."""
    cache.clear()
    monkeypatch.setattr(settings, "DWH_POSTGRESQL_URL", "")
    monkeypatch.setattr(settings, "XIVA_API_BASE_URL", "")
    customers.upsert_many(
        [customers.CustomerRecord(customer_ref=ref) for ref in ("S1", "S2")], source="tests", actor=actor, now=now
    )
    ids = [public_id_of_ref("S1"), public_id_of_ref("S2")]
    for name in ("Warm", "VIP", "Nobody"):
        made = api.create(name=name, description="", kind="static", rules=None, actor=actor, now=now)
        if name != "Nobody":
            held = Segment.objects.get(public_id=made)
            api.add_members(segment=held, customer_ids=ids[:1], actor=actor, now=now)
    return ids


def test_facts__of_customers__count_and_name_their_segments(people: list[uuid.UUID], now: datetime) -> None:
    found = features.list_feature_sets([*people, uuid.uuid4()], now=now, fields=list(NAMES))
    told = [(one.values["segment_count"], one.values["segment_names"]) for one in found.values()]
    assert told == [(2, ["VIP", "Warm"]), (0, None), (0, None)]
    assert [one.is_known for one in found.values()] == [True, False, False]


def test_facts__in_rules_of_others__are_read_as_any_field(people: list[uuid.UUID], now: datetime) -> None:
    schema = features.schema()
    rule = rules.check(
        {"and": [{"in": ["VIP", {"var": "segment_names"}]}, {">": [{"var": "segment_count"}, 1]}]}, schema, "boolean"
    )
    known = features.list_feature_sets(people, now=now, fields=list(rules.uses_fields(rule)))
    assert [rules.evaluate(rule, known[one].values, now=now) for one in people] == [True, False]


def test_facts__in_rules_of_segments__are_no_fields(people: list[uuid.UUID], actor: Actor, now: datetime) -> None:
    assert not {one.name for one in world.schema().fields} & set(NAMES)
    with pytest.raises(rules.RuleInvalid) as refused:
        api.create(
            name="Itself",
            description="",
            kind="dynamic",
            rules={"!": {"in": ["Itself", {"var": "segment_names"}]}},
            actor=actor,
            now=now,
        )
    assert [problem.code for problem in refused.value.problems] == ["rule.unknown_field"]
