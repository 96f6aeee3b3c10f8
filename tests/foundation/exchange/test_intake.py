"""Events of other systems in: CloudEvents and mapped ones, each once, by HTTP."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from loyalty.customers.models import Customer
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.exchange import api
from loyalty.foundation.exchange.contracts import RefusedEvent
from loyalty.foundation.exchange.policy import ABSENT, Reading, is_fitting, is_path, look_up, read_mapped
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from tests.conftest import ClientWith

pytestmark = pytest.mark.django_db

EVENTS = "/api/loyalty/v1/events/"


@pytest.fixture
def customer() -> Customer:
    """Somebody who is known."""
    return Customer.objects.create(customer_ref="msisdn-1", status="ACTIVE", source="test")


def told(kind: str, subject: str, **more: Any) -> dict[str, Any]:
    """A CloudEvent of now."""
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "https://till.example/7",
        "type": kind,
        "subject": subject,
        "time": (datetime.now(UTC) - timedelta(seconds=5)).isoformat(),
        "data": {"amount": 12.50, "currency": "EUR"},
        **more,
    }


def test_purchase__as_a_cloud_event__is_taken_in_once(client_with: ClientWith, customer: Customer) -> None:
    client = client_with("events.receive")
    event = told("customer.purchase", f"customer/{customer.public_id}")
    answer = client.post(EVENTS, event)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "duplicates": 0, "refused": []})
    assert client.post(EVENTS, [event, event]).json()["duplicates"] == 2
    fact = PublishedEvent.objects.get(type="customer.purchase")
    assert (fact.key, str(fact.data["amount"])) == (str(customer.public_id), "12.5")


def test_batch__with_bad_ones__tells_each_by_its_index(client_with: ClientWith, customer: Customer) -> None:
    good = told("customer.purchase", "msisdn-1")
    batch = [
        good,
        told("customer.purchase", "nobody"),
        {**told("customer.login", "msisdn-1"), "specversion": "0.3"},
        {"any": "thing"},
        told("points.earned", "msisdn-1"),
        told("Bad Type", "msisdn-1"),
        told("invoice.paid", "customer/9", dataversion="7", correlationid=str(uuid.uuid4())),
        {**told("invoice.paid", "x"), "time": "yesterday"},
        {**told("invoice.paid", "x"), "id": ""},
    ]
    body = client_with("events.receive").post(EVENTS, batch).json()
    assert (body["accepted"], body["duplicates"]) == (2, 0)
    assert {one["index"]: one["code"] for one in body["refused"]} == {
        1: "customer.not_found",
        2: "event.version_unknown",
        3: "event.no_mapping",
        4: "event.type_reserved",
        5: "event.type_invalid",
        7: "event.time_invalid",
        8: "event.id_invalid",
    }
    kept = PublishedEvent.objects.get(type="invoice.paid")
    assert (kept.key, kept.subject_kind, kept.subject_ref) == ("9", "customer", "9")


def test_content_types__of_cloud_events__are_read(client_with: ClientWith) -> None:
    client = client_with("events.receive")
    one = '{"specversion": "1.0", "id": "1", "source": "s", "type": "invoice.paid", "data": {}}'
    answer = client.generic("POST", EVENTS, one, content_type="application/cloudevents+json")
    assert answer.json()["accepted"] == 1
    answer = client.generic("POST", EVENTS, f"[{one}]", content_type="application/cloudevents-batch+json")
    assert answer.json()["duplicates"] == 1


def test_event__in_the_binary_mode__has_its_attributes_in_headers(client_with: ClientWith) -> None:
    client = client_with("events.receive")
    chain = str(uuid.uuid4())
    headers = {
        "ce-specversion": "1.0", "ce-id": "b-1", "ce-source": "https://till.example/7", "ce-type": "invoice.paid",
        "ce-subject": "Caf%C3%A9%20%22Euro%22", "ce-time": "2026-03-01T12:00:00Z", "ce-correlationid": chain,
    }  # fmt: skip
    answer = client.post(EVENTS, {"sum": 5}, headers=headers)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "duplicates": 0, "refused": []})
    fact = PublishedEvent.objects.get(type="invoice.paid")
    assert (fact.key, fact.data, fact.occurred_at) == ('Café "Euro"', {"sum": 5}, datetime(2026, 3, 1, 12, tzinfo=UTC))
    one = {"specversion": "1.0", "id": "b-1", "source": "https://till.example/7", "type": "invoice.paid", "data": {}}
    assert client.post(EVENTS, one).json()["duplicates"] == 1, "the same event in the structured mode"
    assert client.post(EVENTS, {"sum": 5}, headers={**headers, "ce-id": "%00"}).json()["accepted"] == 1
    assert (
        client.post(EVENTS, [1], headers={**headers, "ce-id": "b-2"}).json()["refused"][0]["code"]
        == "event.data_invalid"
    )
    structured = {**one, "id": "b-3"}
    answer = client.post(
        EVENTS, json.dumps(structured), content_type="application/cloudevents+json", headers={**headers, "ce-id": "b-4"}
    )
    assert answer.json()["accepted"] == 1
    assert client.post(EVENTS, structured).json()["duplicates"] == 1, "the content type says which mode it is"


def test_events__more_than_a_call_takes__are_refused(client_with: ClientWith) -> None:
    answer = client_with("events.receive").post(EVENTS, [{}] * 5001)
    assert (answer.status_code, answer.json()["code"]) == (413, "event.batch_too_large")
    assert client_with("events.view").post(EVENTS, []).status_code == 403


MAPPING = {
    "source": "old-till",
    "name": "sale",
    "matches": {"$.kind": "SALE"},
    "type": "customer.purchase",
    "id_path": "$.doc.no",
    "subject_path": "$.doc.who[0].ref",
    "time_path": "$.doc.at",
    "data_paths": {"amount": "$.doc.sum", "currency": "$.doc.cur", "shop": "$.shop"},
}


def sale(number: int) -> dict[str, Any]:
    """An event as the old till tells it."""
    at = (datetime.now(UTC) - timedelta(seconds=5)).isoformat()
    return {"kind": "SALE", "doc": {"no": number, "who": [{"ref": "msisdn-1"}], "at": at, "sum": 3, "cur": "EUR"}}


def test_mapping__of_a_source__reads_its_events(client_with: ClientWith, customer: Customer) -> None:
    client = client_with("exchange.view", "exchange.manage", "events.receive")
    tried = client.post(
        "/api/loyalty/v1/eventMappings/try/", {"source": "old-till", "sample": sale(1), "mapping": MAPPING}
    )
    assert tried.json()["is_taken"] is True, tried.json()
    assert tried.json()["event"]["data"] == {"amount": 3, "currency": "EUR"}
    before = client.post("/api/loyalty/v1/eventMappings/try/", {"source": "old-till", "sample": sale(1)}).json()
    assert (before["is_taken"], before["code"]) == (False, "event.no_mapping")
    made = client.post("/api/loyalty/v1/eventMappings/", MAPPING)
    assert made.status_code == 201, made.json()
    assert client.post("/api/loyalty/v1/eventMappings/", MAPPING).json()["code"] == "mapping.taken"
    answer = client.post(f"{EVENTS}?source=old-till", [sale(1), sale(1), sale(2), {"kind": "OTHER"}]).json()
    assert (answer["accepted"], answer["duplicates"]) == (2, 1)
    assert [one["code"] for one in answer["refused"]] == ["event.no_mapping"]
    assert PublishedEvent.objects.filter(type="customer.purchase").count() == 2
    address = f"/api/loyalty/v1/eventMappings/{made.json()['id']}/"
    assert client.patch(address, {"is_active": False}).json()["is_active"] is False
    assert client.post(f"{EVENTS}?source=old-till", [sale(3)]).json()["accepted"] == 0
    assert client.delete(address).status_code == 204


TRY = "/api/loyalty/v1/eventMappings/try/"
PROFILE = {
    "source": "crm",
    "name": "profile",
    "type": "bss.customer_changed",
    "id_path": "$.no",
    "subject_path": "$.who",
    "time_path": "",
    "data_paths": {"birth_date": "$.person.born", "status": "$.state", "consents": "$.person.allows", "version": "$.v"},
}
TABLES = """
    SELECT string_agg(format('SELECT %L AS name, count(*) AS rows FROM %I', c.relname, c.relname), ' UNION ALL ')
        AS text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'
"""


def rows_of_all_tables() -> list[dict[str, Any]]:
    """Count the rows of every table."""
    counts = sql.fetch_one(TABLES)
    assert counts is not None
    return sorted(sql.fetch_all(counts["text"]), key=lambda one: str(one["name"]))


def changed(number: int = 1, **more: Any) -> dict[str, Any]:
    """A customer's profile as another system tells it."""
    return {"no": number, "who": "msisdn-1", "state": "active", "person": {"born": "1990-12-31"}, **more}


def refusal(told: dict[str, Any]) -> tuple[Any, ...]:
    return told["is_taken"], told["code"], told["field"], told["path"]


@pytest.mark.parametrize(
    ("sample", "more", "told"),
    [
        (changed(person={"born": "31.12.1990"}), {}, ("customer.profile_invalid", "data.birth_date", "$.person.born")),
        (changed(person={"born": "2090-01-01"}), {}, ("customer.profile_invalid", "data.birth_date", "$.person.born")),
        (changed(state="asleep"), {}, ("customer.profile_invalid", "data.status", "$.state")),
        (changed(v=-1), {}, ("customer.profile_invalid", "data.version", "$.v")),
        (
            changed(person={"allows": [{"channel": "pigeon", "purpose": "marketing", "is_granted": True}]}), {},
            ("customer.profile_invalid", "data.consents[0].channel", "$.person.allows[0].channel"),
        ),
        (
            changed(person={"allows": [{"channel": "email", "purpose": "marketing", "is_granted": "yes"}]}), {},
            ("customer.profile_invalid", "data.consents[0].is_granted", "$.person.allows[0].is_granted"),
        ),
        (
            changed(who="nobody"), {"type": "bss.customer_status_changed"},
            ("customer.not_found", "subject", "$.who"),
        ),
        (changed(), {"type": "bss.customer_vanished"}, ("event.type_invalid", "type", "")),
        (changed(when="2126-01-01T00:00:00Z"), {"time_path": "$.when"}, ("event.in_the_future", "time", "$.when")),
        (changed(when="yesterday"), {"time_path": "$.when"}, ("event.time_invalid", "time", "$.when")),
        (changed(), {"type": "points.earned"}, ("event.type_reserved", "type", "")),
        (changed(sum=-5), {"type": "customer.purchase", "data_paths": {"amount": "$.sum"}},
         ("event.amount_invalid", "data.amount", "$.sum")),
        (changed(who="nobody"), {"type": "customer.purchase"}, ("customer.not_found", "subject", "$.who")),
        (changed(), {"id_path": "$.missing"}, ("event.id_invalid", "id", "$.missing")),
    ],
)  # fmt: skip
def test_trial__of_what_its_domain_refuses__tells_code_and_place_and_writes_nothing(
    client_with: ClientWith,
    customer: Customer,
    sample: dict[str, Any],
    more: dict[str, Any],
    told: tuple[str, str, str],
) -> None:
    client = client_with("exchange.view")
    client.post(TRY, {"source": "crm", "sample": changed(), "mapping": PROFILE})
    before = rows_of_all_tables()
    answer = client.post(TRY, {"source": "crm", "sample": sample, "mapping": {**PROFILE, **more}})
    assert answer.status_code == 200, answer.json()
    assert refusal(answer.json()) == (False, *told), answer.json()
    assert answer.json()["message"]
    assert rows_of_all_tables() == before


def test_trial__of_what_would_be_taken__writes_nothing_either(client_with: ClientWith, customer: Customer) -> None:
    client = client_with("exchange.view", "exchange.manage", "events.receive", "customers.import")
    client.post(TRY, {"source": "crm", "sample": changed(), "mapping": PROFILE})
    before = rows_of_all_tables()
    tried = client.post(TRY, {"source": "crm", "sample": changed(who="new-one"), "mapping": PROFILE}).json()
    assert (tried["is_taken"], tried["permission"], tried["is_duplicate"]) == (True, "customers.import", False), tried
    free = {**PROFILE, "type": "crm.note"}
    passed = client.post(TRY, {"source": "crm", "sample": changed(), "mapping": free}).json()
    assert (passed["is_taken"], passed["is_passed_on"]) == (True, True), passed
    assert rows_of_all_tables() == before
    assert not Customer.objects.filter(customer_ref="new-one").exists()
    assert client.post("/api/loyalty/v1/eventMappings/", PROFILE).status_code == 201
    assert client.post(f"{EVENTS}?source=crm", [changed()]).json()["accepted"] == 1
    again = client.post(TRY, {"source": "crm", "sample": changed()}).json()
    assert (again["is_taken"], again["is_duplicate"]) == (True, True), again
    batch = client.post(f"{EVENTS}?source=crm", [changed(2, state="asleep")]).json()
    assert [(one["code"], one["field"]) for one in batch["refused"]] == [("customer.profile_invalid", "data.status")]


@pytest.mark.django_db(transaction=True)
def test_trial__while_an_import_holds_the_customers__says_so_instead_of_waiting(
    client_with: ClientWith, customer: Customer
) -> None:
    client = client_with("exchange.view")
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended('customers.upsert', 0))")
        answer = client.post(TRY, {"source": "crm", "sample": changed(), "mapping": PROFILE})
        assert (answer.status_code, answer.json()["code"]) == (409, "mapping.try_busy")
        other.rollback()
    assert client.post(TRY, {"source": "crm", "sample": changed(), "mapping": PROFILE}).json()["is_taken"] is True


def test_mapping__with_bad_paths__is_refused_place_by_place(client_with: ClientWith) -> None:
    bad = {**MAPPING, "id_path": "doc.no", "data_paths": {"amount": "$..x"}, "type": "no"}
    answer = client_with("exchange.manage").post("/api/loyalty/v1/eventMappings/", bad)
    assert answer.status_code == 400
    assert {one["field"] for one in answer.json()["errors"]} == {"id_path", "data_paths.amount", "type"}


@pytest.mark.parametrize("body", [5, "x", True, None, [["name", "Other"]]])
def test_mapping__changed_by_what_is_no_object__is_refused(client_with: ClientWith, body: object) -> None:
    client = client_with("exchange.manage", "exchange.view")
    made = client.post("/api/loyalty/v1/eventMappings/", MAPPING).json()
    address = f"/api/loyalty/v1/eventMappings/{made['id']}/"
    answer = client.generic("PATCH", address, json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert client.get(address).json() == made


def test_path__into_an_event__gives_what_stands_there() -> None:
    raw = {"a": {"b": [{"c": 1}]}, "n": None}
    assert look_up(raw, "$") == raw
    assert look_up(raw, "$.a.b[0].c") == 1
    assert look_up(raw, "$.n") is None
    assert [look_up(raw, path) for path in ("$.x", "$.a.b[1]", "$.a.b.c", "$.a[0]")] == [ABSENT] * 4
    assert [is_path(text) for text in ("$", "$.a-b[3]", "a", "$.", "$[x]", "$.a b", 3)] == [
        *(True, True, False, False, False, False, False)
    ]


def test_path__to_a_name_of_any_script_or_form__finds_it() -> None:
    raw = {"متجر": {"@type": 1}, "net amount": {"a.b[0]": [2, {"é": 3}]}, "2nd": 4, "x": {"": 5}}
    paths = (
        "$.متجر.@type",
        "$['net amount']['a.b[0]'][0]",
        "$['net amount']['a.b[0]'][1].é",
        "$['2nd']",
        "$['متجر']['@type']",
    )
    assert all(is_path(path) for path in paths)
    assert [look_up(raw, path) for path in paths] == [1, 2, 3, 4, 1]
    bad = (
        "$.2nd",
        "$.net amount",
        "$['']",
        "$['a'b']",
        "$['a",
        '$["a"]',
        "$['\x00']",
        "$[٣]",
        "$.a.",
        f"$['{'x' * 101}']",
    )
    assert [path for path in bad if is_path(path)] == []


def test_mapping__with_paths_in_quotes__reads_and_tells_them_where_they_are_to_blame(
    client_with: ClientWith, customer: Customer
) -> None:
    sample = {"@type": "SaleEvent", "رقم": "7", "who is it": ["msisdn-1"], "net amount": "much"}
    mapping = {
        **MAPPING, "matches": {"$.@type": "SaleEvent"}, "id_path": "$.رقم", "subject_path": "$['who is it'][0]",
        "time_path": "", "data_paths": {"amount": "$['net amount']"},
    }  # fmt: skip
    client = client_with("exchange.view", "exchange.manage", "events.receive")
    tried = client.post(TRY, {"source": "old-till", "sample": sample, "mapping": mapping}).json()
    assert refusal(tried) == (False, "event.amount_invalid", "data.amount", "$['net amount']")
    assert client.post("/api/loyalty/v1/eventMappings/", mapping).status_code == 201
    answer = client.post(f"{EVENTS}?source=old-till", [{**sample, "net amount": 3.5}]).json()
    assert (answer["accepted"], answer["refused"]) == (1, [])


@pytest.mark.parametrize(
    ("matches", "is_fit"), [({"$.v": True}, True), ({"$.v": 1}, False), ({"$.w": 1}, True), ({"$.w": True}, False)]
)
def test_mapping__for_a_truth__is_not_for_a_number(matches: dict[str, Any], is_fit: bool) -> None:
    reading = Reading("invoice.paid", "$.w", "$.v", matches=matches)
    assert is_fitting(reading, {"v": True, "w": 1}) is is_fit
    assert isinstance(read_mapped(reading, {"v": True, "w": 1}, source="s", index=0), RefusedEvent), (
        "true is no customer"
    )


def test_intake__same_events_shuffled_and_thrice__changes_nothing(
    customer: Customer, actor: Actor, now: datetime
) -> None:
    batch = [
        {"specversion": "1.0", "id": str(n), "source": "s", "type": "invoice.paid", "subject": f"customer/{n % 5}"}
        for n in range(200)
    ]
    first = api.take_in(raw=batch, source="s", actor=actor, now=now)
    again = api.take_in(raw=batch[::-1] * 2, source="other", actor=actor, now=now)
    assert (first.accepted, again.accepted, again.duplicates) == (200, 0, 400)
    assert PublishedEvent.objects.filter(type="invoice.paid").count() == 200
