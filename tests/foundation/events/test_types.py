"""Types of facts: their schemas, what may change in one, and the recorded ones."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty.foundation.events import api as events
from loyalty.foundation.events.contracts import TypeView
from loyalty.foundation.orm import sql
from loyalty.gateways.catalogues.queries import SCHEMAS, event_schemas_document, events_page, merge_schemas
from tests.conftest import ClientWith

# Every type that the product documents name.
PROMISED = {
    *("customer.created", "customer.updated", "customer.login", "customer.purchase", "customer.tier_upgrade"),
    *("points.earned", "points.burned", "points.expired", "reward.redeemed", "campaign.triggered"),
    *("segment.recalculated", "journey.started", "journey.completed", "ml.prediction.completed"),
}
BEFORE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "amount": {"type": "number"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "lines": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["id", "amount"],
}


def changed(**places: Any) -> dict[str, Any]:
    """The schema with some of its fields otherwise; None takes one away."""
    after = copy.deepcopy(BEFORE)
    for name, schema in places.items():
        if schema is None:
            del after["properties"][name]
        else:
            after["properties"][name] = schema
    return after


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        changed(more={"type": "string"}),
        changed(amount={"type": "integer"}),
        changed(note={"type": "string"}),
        {**BEFORE, "required": ["id", "amount", "note"]},
    ],
)
def test_change__that_readers_do_not_notice__is_none(after: dict[str, Any]) -> None:
    assert events.list_breaks(BEFORE, after) == []


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (changed(note=None), "data.note is gone"),
        (changed(id={"type": "string"}), "data.id is no longer ['uuid']"),
        (changed(amount={"type": "string"}), "data.amount was ['number']"),
        (changed(amount={"anyOf": [{"type": "number"}, {"type": "null"}]}), "data.amount was ['number']"),
        (changed(amount={}), "is anything"),
        (changed(lines={"type": "array", "items": {"type": "string"}}), "data.lines[] was"),
        ({**BEFORE, "required": ["id"]}, "data.amount may be left out"),
    ],
)
def test_change__that_breaks_readers__is_named(after: dict[str, Any], told: str) -> None:
    assert told in "; ".join(events.list_breaks(BEFORE, after))


def test_recorded_schemas__of_every_version__are_kept_by_the_code() -> None:
    event_schemas_document()
    recorded = json.loads(SCHEMAS.read_text(encoding="utf-8"))
    assert set(recorded) >= PROMISED
    assert {kind.name for kind in events.list_types()} == set(recorded)


def test_recording__a_planted_break__is_refused_and_a_new_version_is_not() -> None:
    recorded = json.loads(SCHEMAS.read_text(encoding="utf-8"))
    kinds = events.list_types()
    earned = next(kind for kind in kinds if kind.name == "points.earned")
    schema = copy.deepcopy(earned.schema)
    del schema["properties"]["points_amount"]
    others = [kind for kind in kinds if kind.name != "points.earned"]
    with pytest.raises(ValueError, match=r"points\.earned: data\.points_amount is gone"):
        merge_schemas(recorded, [*others, TypeView("points.earned", 1, "", schema, ())])
    with pytest.raises(ValueError, match=r"points\.earned is published no more"):
        merge_schemas(recorded, others)
    merged = merge_schemas(recorded, [*others, TypeView("points.earned", 2, "", schema, ())])
    assert set(merged["points.earned"]) == {"1", "2"}
    assert merged["points.earned"]["1"] == earned.schema


def test_page__names_every_promised_type() -> None:
    page = events_page()
    assert [name for name in sorted(PROMISED) if f"| `{name}` |" not in page] == []


@pytest.mark.django_db
def test_fact__as_a_cloud_event__has_what_the_specification_asks() -> None:
    sql.execute(
        "INSERT INTO events_outbox (event_id, type, key, occurred_at, causation_id, data) "
        "VALUES (gen_random_uuid(), 'points.earned', '', %s, gen_random_uuid(), '{\"amount\": 0.10}')",
        [datetime(2026, 11, 20, 12, 0, 0, 500, tzinfo=UTC)],
    )
    events.store_facts()
    row = sql.fetch_one(
        "SELECT events_cloud_event(s, 'https://x.example/api', ARRAY['points.earned'])::text AS told, "
        "(events_cloud_event(s, 'https://x.example/api', ARRAY['other.type']) ? 'dataschema') AS is_named, "
        "event_id::text FROM events_stored s"
    )
    assert row is not None
    told = json.loads(row["told"])
    assert (told["specversion"], told["id"], told["type"]) == ("1.0", row["event_id"], "points.earned")
    assert told["time"] == "2026-11-20T12:00:00.000500Z"
    assert told["dataschema"] == "https://x.example/api/eventTypes/points.earned/schema/?version=1"
    assert '"amount": 0.10' in row["told"], "decimals keep their digits"
    assert not row["is_named"], "of a type of another system there is no schema to be read"
    assert "subject" not in told
    assert "partitionkey" not in told
    assert "causationid" in told
    assert all(name.isalnum() and name.islower() for name in told)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "ref", "told"),
    [("customer", "9", "customer/9"), ("", "MSISDN-9", "MSISDN-9"), ("", "", None)],
)
def test_subject__of_a_fact__reads_as_its_sender_wrote_it(kind: str, ref: str, told: str | None) -> None:
    sql.execute(
        "INSERT INTO events_outbox (event_id, type, subject_kind, subject_ref, occurred_at, data) "
        "VALUES (gen_random_uuid(), 'invoice.paid', %s, %s, now(), '{}')",
        [kind, ref],
    )
    events.store_facts()
    row = sql.fetch_one("SELECT events_cloud_event(s, 'x', ARRAY[]::text[])::text AS told FROM events_stored s")
    assert row is not None
    assert json.loads(row["told"]).get("subject") == told


def test_routes__of_types(client_with: ClientWith) -> None:
    client = client_with("events.view")
    every = client.get("/api/loyalty/v1/eventTypes/").json()
    assert {"points.earned", "customer.purchase"} <= {one["type"] for one in every}
    one = client.get("/api/loyalty/v1/eventTypes/points.earned/").json()
    assert one["schema"] == client.get("/api/loyalty/v1/eventTypes/points.earned/schema/").json()
    assert client.get("/api/loyalty/v1/eventTypes/points.earned/schema/?version=1").json() == one["schema"]
    assert client.get("/api/loyalty/v1/eventTypes/points.earned/schema/?version=2").status_code == 404
    assert client.get("/api/loyalty/v1/eventTypes/no.such/").status_code == 404
    assert client_with("exchange.view").get("/api/loyalty/v1/eventTypes/").status_code == 403


@pytest.mark.django_db
def test_types__seen_and_not__told_with_when_and_how_often(client_with: ClientWith) -> None:
    for _ in range(2):
        sql.execute(
            "INSERT INTO events_outbox (event_id, type, key, occurred_at, data) "
            "VALUES (gen_random_uuid(), 'points.earned', '', now(), '{}')"
        )
    events.store_facts()
    every = {one["type"]: one for one in client_with("events.view").get("/api/loyalty/v1/eventTypes/").json()}
    assert (every["points.earned"]["seen_count"], every["points.burned"]["seen_count"]) == (2, 0)
    assert datetime.fromisoformat(every["points.earned"]["last_seen_at"]).tzinfo is not None
    assert every["points.burned"]["last_seen_at"] is None
