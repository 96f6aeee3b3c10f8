"""Attributes that the operator keeps about customers: defined, set, read by rules, erased and merged."""

import json
import threading
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from loyalty.customers import api
from loyalty.customers.models import AttributeChange, AttributeValues, Customer
from loyalty.customers.policy import ValueUnfit, read_value
from loyalty.features import api as features
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.rules import api as rules
from tests.conftest import ClientWith
from tests.customers.conftest import Load, record

BASE = "/api/loyalty/v1"
DEFINED: dict[str, dict[str, Any]] = {
    "store": {"kind": "text", "label": "Favourite store"},
    "score": {"kind": "number", "label": "Score"},
    "is_pilot": {"kind": "boolean", "label": "In the pilot"},
    "renewal": {"kind": "date", "label": "Renewal"},
    "plan": {"kind": "choice", "label": "Plan", "choices": ["blue", "gold"]},
}


def define(code: str, actor: Actor, now: datetime) -> api.AttributeView:
    """Define one of the attributes of these tests."""
    return api.define_attribute(code=code, **DEFINED[code], actor=actor, now=now)


def customers(*refs: str) -> list[int]:
    """Give internal ids."""
    ids = dict(Customer.objects.filter(customer_ref__in=refs).values_list("customer_ref", "pk"))
    return [ids[ref] for ref in refs]


def told() -> list[dict[str, Any]]:
    """Give the facts about attributes, in their order."""
    events.store_facts()
    rows = sql.fetch_all(
        "SELECT data::text AS data FROM events_log WHERE type = 'customer.attribute_changed' ORDER BY position"
    )
    return [json.loads(one["data"]) for one in rows]


@pytest.mark.parametrize(
    ("code", "given", "kept"),
    [
        ("store", " Porto ", "Porto"), ("store", 5, "5"), ("store", True, "true"), ("store", "  ", None),
        ("score", "12.50", Decimal("12.5")), ("score", 7, Decimal(7)), ("score", 1e3, Decimal(1000)),
        ("is_pilot", "Yes", True), ("is_pilot", False, False), ("is_pilot", 0, False),
        ("renewal", "2026-12-31", "2026-12-31"), ("renewal", "2026-12-31T23:30:00+02:00", "2026-12-31"),
        ("renewal", datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02"), ("renewal", date(2026, 1, 2), "2026-01-02"),
        ("plan", "gold", "gold"), ("plan", None, None),
    ],
)  # fmt: skip
def test_value__that_fits__is_kept_in_one_form(code: str, given: Any, kept: Any) -> None:
    assert read_value(view(code), given) == kept


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("store", "x" * 501), ("store", "a\x00b"), ("store", ["a"]), ("score", "many"), ("score", "NaN"),
        ("score", True), ("score", 10**13), ("score", "0.0000001"), ("is_pilot", "perhaps"), ("is_pilot", 2),
        ("renewal", "2026-02-30"), ("renewal", 20260101), ("renewal", "soon"), ("plan", "Gold"), ("plan", {"a": 1}),
    ],
)  # fmt: skip
def test_value__that_does_not_fit__is_refused(code: str, given: Any) -> None:
    with pytest.raises(ValueUnfit):
        read_value(view(code), given)


def view(code: str) -> api.AttributeView:
    """Give an attribute that no table holds."""
    one = DEFINED[code]
    return api.AttributeView(
        uuid.uuid4(), 1, code, one["label"], "", api.AttributeKind(one["kind"]), tuple(one.get("choices", ())), True
    )


def test_set__a_set_of_customers__is_one_statement_with_history_and_facts_and_once_for_each_key(
    load: Load, actor: Actor, now: datetime
) -> None:
    load(record(1), record(2))
    ann, bob = customers("XV-00001", "XV-00002")
    plan = define("plan", actor, now)
    wanted = [
        api.NewValue(ann, plan, "blue", "a"), api.NewValue(bob, plan, "gold", "b"),
        api.NewValue(ann, plan, "gold", "c"),
    ]  # fmt: skip
    first = api.set_values(values=wanted, source="journey", actor=actor, now=now)
    assert [(one.value, one.previous, one.is_changed) for one in first] == [
        ("blue", None, True), ("gold", None, True), ("gold", "blue", True),
    ]  # fmt: skip
    assert dict(AttributeValues.objects.values_list("customer_id", "data")) == {
        ann: {"plan": "gold"}, bob: {"plan": "gold"},
    }  # fmt: skip
    # Somebody sets another value meanwhile; asked again under their keys nothing happens, and the same is told.
    api.set_values(values=[api.NewValue(ann, plan, "blue")], source="user", actor=actor, now=now)
    assert api.set_values(values=wanted, source="journey", actor=actor, now=now) == first
    assert AttributeValues.objects.get(customer_id=ann).data == {"plan": "blue"}
    assert AttributeChange.objects.count() == 4
    assert [(one["attribute"], one["previous_value"], one["value"], one["source"]) for one in told()] == [
        ("plan", None, "blue", "journey"), ("plan", None, "gold", "journey"), ("plan", "blue", "gold", "journey"),
        ("plan", "gold", "blue", "user"),
    ]  # fmt: skip
    # The same value again is written down and told to nobody.
    [same] = api.set_values(values=[api.NewValue(ann, plan, "blue", "d")], source="user", actor=actor, now=now)
    assert (same.is_changed, len(told()), AttributeChange.objects.count()) == (False, 4, 5)
    [cleared] = api.set_values(values=[api.NewValue(ann, plan, None)], source="user", actor=actor, now=now)
    assert (cleared.is_changed, AttributeValues.objects.get(customer_id=ann).data) == (True, {})


def test_set__nothing_where_nothing_was__keeps_and_tells_nothing(load: Load, actor: Actor, now: datetime) -> None:
    load(record(1))
    [ann] = customers("XV-00001")
    cleared = api.NewValue(ann, define("plan", actor, now), None)
    [told_back] = api.set_values(values=[cleared], source="user", actor=actor, now=now)
    assert (told_back.is_changed, told()) == (False, [])
    assert [one.data for one in AttributeValues.objects.all()] == [{}]


def test_set__more_people__is_as_many_statements_as_for_one(load: Load, actor: Actor, now: datetime) -> None:
    load(*(record(number) for number in range(1, 31)))
    score = define("score", actor, now)
    counts = []
    for some in (customers("XV-00001"), list(Customer.objects.values_list("pk", flat=True))):
        with CaptureQueriesContext(connection) as caught:
            api.set_values(
                values=[api.NewValue(one, score, Decimal(5), f"{one} {len(some)}") for one in some],
                source="journey", actor=actor, now=now,
            )  # fmt: skip
        counts.append(len(caught))
    assert counts[0] == counts[1]


def test_rest__define_change_and_refuse(admin_client: APIClient, client_with: ClientWith) -> None:
    body = {"code": "plan", "label": "Plan", "kind": "choice", "choices": ["blue", "gold"]}
    made = admin_client.post(f"{BASE}/customerAttributes/", body, format="json")
    assert (made.status_code, made.json()["field"]) == (201, "attribute_plan")
    place = f"{BASE}/customerAttributes/{made.json()['id']}/"
    again = admin_client.post(f"{BASE}/customerAttributes/", body, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "customer.attribute_code_taken")
    for wrong, place_of in (
        ({"code": "Plan X"}, "code"), ({"label": "  "}, "label"), ({"kind": "colour"}, "kind"),
        ({"choices": []}, "choices"), ({"kind": "text"}, "choices"), ({"choices": ["a", "a"]}, "choices"),
        ({"colour": 1}, "colour"),
    ):  # fmt: skip
        told = admin_client.post(f"{BASE}/customerAttributes/", {**body, "code": "other", **wrong}, format="json")
        assert told.status_code == 400, (wrong, told.json())
        assert told.headers["Content-Type"].startswith("application/problem+json")
        assert [one["field"] for one in told.json()["errors"]] == [place_of]
    tag = admin_client.get(place).headers["ETag"]
    changed = admin_client.patch(place, {"choices": ["blue", "gold", "red"]}, format="json", headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["choices"]) == (200, ["blue", "gold", "red"])
    stale = admin_client.patch(place, {"label": "Tariff"}, format="json", headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "edit.conflict")
    assert admin_client.patch(place, {"kind": "text"}, format="json").status_code == 400
    acts = list(AuditEntry.objects.filter(act="customers.manage_attributes").values_list("subject_ref", flat=True))
    assert acts == ["plan", "plan"]
    other = client_with("customers.view", "customers.set_attributes")
    assert other.get(f"{BASE}/customerAttributes/").json()["results"][0]["code"] == "plan"
    assert other.post(f"{BASE}/customerAttributes/", body, format="json").status_code == 403
    assert other.patch(place, {"label": "x"}, format="json").status_code == 403


def test_rest__values_of_a_customer__all_or_none_with_an_audit_row(
    load: Load, admin_client: APIClient, client_with: ClientWith, actor: Actor, now: datetime
) -> None:
    load(record(1))
    for code in DEFINED:
        define(code, actor, now)
    place = f"{BASE}/customers/XV-00001/attributes/"
    told = admin_client.patch(
        place,
        {"values": {"score": 2.5, "plan": "gold", "renewal": "2026-12-31"}, "reason": "asked for it"},
        format="json",
    )
    assert told.status_code == 200, told.json()
    held = {one["code"]: (one["value"], one["source"]) for one in admin_client.get(place).json()}
    assert held == {
        "store": (None, ""), "score": (2.5, "token"), "is_pilot": (None, ""), "renewal": ("2026-12-31", "token"),
        "plan": ("gold", "token"),
    }  # fmt: skip
    entry = AuditEntry.objects.get(act="customers.set_attributes")
    assert (entry.after["plan"], entry.before["plan"], entry.reason) == ("gold", None, "asked for it")
    wrong = admin_client.patch(place, {"values": {"plan": "red", "colour": 1, "store": "Porto"}}, format="json")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "customer.attribute_value_invalid")
    assert sorted(one["field"] for one in wrong.json()["errors"]) == ["values.colour", "values.plan"]
    assert {one["code"]: one["value"] for one in admin_client.get(place).json()}["store"] is None
    assert admin_client.patch(place, {"values": {}}, format="json").status_code == 400
    assert admin_client.get(f"{BASE}/customers/XV-nobody/attributes/").status_code == 404
    assert client_with("customers.view").patch(place, {"values": {"plan": "blue"}}, format="json").status_code == 403
    assert client_with("customers.view").get(place).status_code == 200


def test_retired__keeps_its_values_and_is_neither_set_nor_read_until_it_is_back(
    load: Load, actor: Actor, now: datetime
) -> None:
    load(record(1))
    [ann] = customers("XV-00001")
    customer = Customer.objects.get(pk=ann).public_id
    plan = define("plan", actor, now)
    api.set_values(values=[api.NewValue(ann, plan, "gold")], source="user", actor=actor, now=now)
    assert "attribute_plan" in features.field_origins()
    api.change_attribute(attribute_id=plan.id, changes={"is_active": False}, actor=actor, now=now)
    assert "attribute_plan" not in features.field_origins()
    with pytest.raises(api.AttributeValueInvalid):
        api.change_values(customer_id=customer, values={"plan": "blue"}, reason="", actor=actor, now=now)
    assert [(one.attribute.code, one.value) for one in api.list_values(customer)] == [("plan", "gold")]
    api.change_attribute(attribute_id=plan.id, changes={"is_active": True}, actor=actor, now=now)
    assert features.get_features(customer, now=now, fields=["attribute_plan"]) == {"attribute_plan": "gold"}


def test_features__of_every_kind__are_read_by_rules_and_follow_changed_words(
    load: Load, actor: Actor, now: datetime
) -> None:
    load(record(1), record(2))
    ann, bob = customers("XV-00001", "XV-00002")
    made = {code: define(code, actor, now) for code in DEFINED}
    given = {"store": "Porto", "score": Decimal("2.5"), "is_pilot": True, "renewal": "2026-12-31", "plan": "gold"}
    api.set_values(
        values=[api.NewValue(ann, made[code], value) for code, value in given.items()], source="x", actor=actor, now=now
    )
    names = [f"attribute_{code}" for code in DEFINED]
    ids = {one.pk: one.public_id for one in Customer.objects.all()}
    sets = features.list_feature_sets(ids.values(), now=now, fields=names)
    assert dict(sets[ids[ann]].values) == {
        "attribute_store": "Porto", "attribute_score": Decimal("2.5"), "attribute_is_pilot": True,
        "attribute_renewal": date(2026, 12, 31), "attribute_plan": "gold",
    }  # fmt: skip
    assert set(sets[ids[bob]].values.values()) == {None}
    rule = rules.check(
        {
            "and": [
                {">": [{"var": "attribute_score"}, 2]}, {"==": [{"var": "attribute_plan"}, "gold"]},
                {"==": [{"var": "attribute_is_pilot"}, True]}, {">": [{"var": "attribute_renewal"}, "2026-12-01"]},
            ]
        },
        features.schema(), "boolean",
    )  # fmt: skip
    assert [rules.evaluate(rule, sets[ids[one]].values, now=now) for one in (ann, bob)] == [True, False]
    api.change_attribute(attribute_id=made["plan"].id, changes={"label": "Tariff"}, actor=actor, now=now)
    assert {one.name: one.label for one in features.list_fields()}["attribute_plan"] == "Tariff"


def test_erase__takes_values_and_history_and_nobody_sets_one_again(load: Load, actor: Actor, now: datetime) -> None:
    load(record(1))
    [ann] = customers("XV-00001")
    customer = Customer.objects.get(pk=ann).public_id
    store = define("store", actor, now)
    api.set_values(values=[api.NewValue(ann, store, "Zebulonia", "k")], source="journey", actor=actor, now=now)
    told()
    stores = api.erase(customer_id=customer, confirmation="XV-00001", reason="", actor=actor, now=now).stores
    assert stores["customers.attributes"] == 2
    assert not AttributeChange.objects.exists()
    assert [(one["attribute"], "value" in one) for one in told()] == [("store", False)]
    [after] = api.set_values(values=[api.NewValue(ann, store, "Porto", "l")], source="journey", actor=actor, now=now)
    assert (after.is_set, AttributeValues.objects.exists()) == (False, False)


def test_merge__fills_what_who_stays_has_not_and_takes_the_history_along(
    load: Load, actor: Actor, now: datetime
) -> None:
    load(record(1), record(2))
    ann, bob = customers("XV-00001", "XV-00002")
    ids = dict(Customer.objects.values_list("pk", "public_id"))
    store, plan = define("store", actor, now), define("plan", actor, now)
    api.set_values(
        values=[
            api.NewValue(ann, store, "Porto"), api.NewValue(ann, plan, "blue"), api.NewValue(bob, plan, "gold"),
        ],
        source="user", actor=actor, now=now,
    )  # fmt: skip
    done = api.merge(customer_id=ids[ann], into_id=ids[bob], confirmation="XV-00001", reason="", actor=actor, now=now)
    assert done.stores["customers.attributes"] == 1
    assert AttributeValues.objects.get().data == {"store": "Porto", "plan": "gold"}
    assert set(AttributeChange.objects.values_list("customer_id", flat=True)) == {bob}
    assert (told()[-1]["attribute"], told()[-1]["source"]) == ("store", "customer_merge")
    # Whoever still holds the old id means the one who stays.
    api.set_values(values=[api.NewValue(ann, plan, "blue")], source="journey", actor=actor, now=now)
    assert AttributeValues.objects.get().data == {"store": "Porto", "plan": "blue"}


@pytest.mark.django_db(transaction=True)
def test_set__two_workers_with_the_same_keys_at_once__is_done_once(load: Load, actor: Actor, now: datetime) -> None:
    load(*(record(number) for number in range(1, 41)))
    score = define("score", actor, now)
    people = list(Customer.objects.values_list("pk", flat=True))
    told_each: list[list[api.ValueOutcome]] = []

    def work(order: int) -> None:
        some = people[::order]
        try:
            outcomes = api.set_values(
                values=[api.NewValue(one, score, Decimal(1), f"k{one}") for one in some],
                source="journey", actor=actor, now=now,
            )  # fmt: skip
            told_each.append(outcomes[::order])
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(order,)) for order in (1, -1, 1, -1)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(told_each) == 4
    assert all(one == told_each[0] for one in told_each)
    assert (AttributeChange.objects.count(), len(told())) == (40, 40)
