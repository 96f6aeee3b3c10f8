"""A customer is erased: nothing says any more who it was, anywhere, and the books stay."""

import uuid
from datetime import datetime, timedelta

import pytest
from rest_framework.test import APIClient

from loyalty.customers import api
from loyalty.customers.models import ConsentChange, ContactPoint, Customer, Device
from loyalty.delivery import api as delivery
from loyalty.delivery.models import Send
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.journeys.models import Execution
from loyalty.journeys.operations.listening import listen
from tests.conftest import ClientWith
from tests.delivery.post import Post, make_customers
from tests.journeys import ground
from tests.journeys.conftest import post
from tests.journeys.kinds.scene import action, call, rows

pytestmark = pytest.mark.django_db
__all__ = ["post"]
# Words of a person that nobody else has; tables are searched for them.
CANARIES = ("C-canary", "Zebulonia", "canary@example.test", "+4790009999", "Ravenholm", "canary-token")


def make_person(actor: Actor, now: datetime, ref: str = "C-canary") -> uuid.UUID:
    """Make a customer with personal data wherever there is a place for it."""
    record = api.CustomerRecord(
        customer_ref=ref, first_name="Zebulonia", last_name="Zebulonia", city="Ravenholm",
        email="canary@example.test", phone="+4790009999",
    )  # fmt: skip
    api.upsert_many([record], source="tests", actor=actor, now=now)
    customer = api.get_customer_by_ref(ref)
    api.grant_consent(
        customer_id=customer.id, channel="email", purpose="marketing", source="customer", actor=actor, now=now
    )
    row = Customer.objects.get(public_id=customer.id)
    Device.objects.create(
        customer=row, device_ref="app", platform="fcm", token="canary-token", token_digest=b"1" * 32, seen_at=now
    )
    told = {"event_id": "1", "event_type": "customer.order", "customer_ref": ref, "occurred_at": now.isoformat()}
    events_of_shop = [{**told, "event_data": {"ship_to": "Zebulonia", "amount": 12}}]
    report = api.receive_events(raw=events_of_shop, source="shop", now=now)
    assert report.accepted == 1, report
    # Somebody who wrote to us and was never written to.
    delivery.record_inbound(
        reference="in-1", from_address="004790009999", to_address="1234", body="Where is it? Zebulonia", now=now
    )
    return customer.id


def hits() -> dict[str, int]:
    """Give in which tables of the platform a canary is found, with how many rows."""
    found: dict[str, int] = {}
    tables = sql.fetch_all(
        "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind = 'r' AND n.nspname = 'public' ORDER BY 1"
    )
    for one in tables:
        row = sql.fetch_one(
            f"SELECT count(*) AS hits FROM {one['name']} t WHERE t::text ~ %s",  # noqa: S608 - names of the catalogue
            ["|".join(word.replace("+", r"\+").replace(".", r"\.") for word in CANARIES)],
        )
        if row is not None and row["hits"]:
            found[one["name"]] = row["hits"]
    return found


def test_erase__everywhere__no_table_names_the_person_and_sends_and_proofs_stay(
    admin_client: APIClient, post: Post, actor: Actor, now: datetime
) -> None:
    ada = make_person(actor, now)
    loaded = ground.make_journey(now, ground.graph_of({"w": ground.wait()}, ["start w", "w end"]))
    listen(now=now)
    ground.let_in(loaded, [ada], now, context={"name": "Zebulonia"})
    words = {"subject": "Hi", "body": "<p>{{ who }}</p>", "variables": {"who": "{{context.name}}"}}
    action("send_email").perform_set(call("send_email", **words), rows([ada], {"name": "Zebulonia"}), now=now)
    while delivery.send_due(channel="email", now=now).claimed:
        pass
    before = hits()
    assert {"customers_customer", "customers_contactpoint", "delivery_send", "journeys_context"} <= set(before)
    place = f"/api/loyalty/v1/customers/{ada}/erase/"
    told = admin_client.post(place, {"confirmation": "C-canary", "reason": "asked for it"}, format="json")
    assert told.status_code == 200, told.json()
    stores = told.json()["stores"]
    assert (stores["customers.contact_points"], stores["journeys.contexts"], stores["delivery.sends"]) == (2, 1, 1)
    assert hits() == {}
    # What happened stays: the send, the journey, the proof of consent, and who erased it.
    assert (Send.objects.get().state, Execution.objects.count(), ConsentChange.objects.count()) == ("SENT", 1, 1)
    assert listen(now=now).ended == 1
    assert Execution.objects.get().state == "CANCELLED"
    entry = AuditEntry.objects.get(act="customers.erase")
    assert (entry.subject_ref, entry.reason) == (str(ada), "asked for it")
    again = admin_client.post(place, {"confirmation": "anything", "reason": "again"}, format="json")
    assert (again.status_code, again.json()["stores"]) == (200, {})


def test_erase__what_was_typed_is_not_the_reference__is_refused_and_nothing_changes(
    admin_client: APIClient, actor: Actor, now: datetime
) -> None:
    ada = make_person(actor, now)
    place = f"/api/loyalty/v1/customers/{ada}/erase/"
    told = admin_client.post(place, {"confirmation": "C-other", "reason": "x"}, format="json")
    assert (told.status_code, told.json()["code"]) == (400, "customer.erasure_unconfirmed")
    assert Customer.objects.get(public_id=ada).first_name == "Zebulonia"


def test_erase__without_the_permission_or_of_nobody__is_refused(
    client_with: ClientWith, actor: Actor, now: datetime
) -> None:
    ada = make_person(actor, now)
    body = {"confirmation": "C-canary", "reason": "x"}
    other = client_with("customers.view", "customers.change")
    assert other.post(f"/api/loyalty/v1/customers/{ada}/erase/", body, format="json").status_code == 403
    mine = client_with("customers.erase", "customers.view")
    assert mine.post(f"/api/loyalty/v1/customers/{uuid.uuid4()}/erase/", body, format="json").status_code == 404


def test_erase__imported_again__stays_erased_and_others_come_in(actor: Actor, now: datetime) -> None:
    ada = make_person(actor, now)
    api.erase(customer_id=ada, confirmation="C-canary", reason="", actor=actor, now=now)
    later = now + timedelta(days=1)
    records = [
        api.CustomerRecord(customer_ref="C-canary", first_name="Zebulonia", email="canary@example.test"),
        api.CustomerRecord(customer_ref="C-other", first_name="Bob"),
    ]
    told = api.upsert_many(records, source="tests", actor=actor, now=later)
    assert (told.created, told.updated) == (1, 0)
    row = sql.fetch_one(
        "SELECT customers_take_new('file', %s, %s::uuid[], ARRAY['C-canary'], ARRAY['Zebulonia'], ARRAY[''], "
        "ARRAY['canary@example.test'], ARRAY[''], ARRAY[NULL::date]) AS made",
        [later, [ada]],
    )
    assert row == {"made": 0}
    customer = Customer.objects.get(public_id=ada)
    assert (customer.first_name, customer.customer_ref, customer.status) == ("", str(ada), "CLOSED")
    assert not ContactPoint.objects.filter(customer=customer).exists()


def test_erase__a_message_still_waits__goes_to_nobody(post: Post, actor: Actor, now: datetime) -> None:
    ada, bob = make_customers(["Ada", "Bob"], now)
    words = {"subject": "Hi", "body": "<p>Good day.</p>"}
    action("send_email").perform_set(call("send_email", **words), rows([ada, bob]), now=now)
    reference = Customer.objects.get(public_id=ada).customer_ref
    api.erase(customer_id=ada, confirmation=reference, reason="", actor=actor, now=now)
    while delivery.send_due(channel="email", now=now).claimed:
        pass
    assert len(post.mails()) == 1
    assert sorted(Send.objects.values_list("state", "reason")) == [("SENT", ""), ("SKIPPED", "customer_erased")]
