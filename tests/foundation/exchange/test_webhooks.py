"""Webhooks out: signed, tried again, in order, replayed; verified with the reference library of Standard Webhooks."""

import json
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from loyalty.foundation.events import api as events
from loyalty.foundation.exchange import api
from loyalty.foundation.exchange.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from loyalty.foundation.exchange.operations.sending import LEASE, PAUSE, WAITS
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.egress import EgressRefusal
from tests.conftest import ClientWith
from tests.foundation.exchange.receiver import Receiver, answering, receiving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who listens."""
    with receiving() as one:
        yield one


@pytest.fixture
def instant() -> datetime:
    """The present: the reference verifier compares with its own clock."""
    return datetime.now(UTC)


def made(receiver: Receiver, actor: Actor, now: datetime, **wanted: Any) -> tuple[WebhookEndpoint, str]:
    """Make an endpoint at the receiver."""
    how = {"types": [], "order": api.DeliveryOrder.KEY, "description": "", **wanted}
    return api.create_endpoint(url=receiver.url, **how, actor=actor, now=now)


def happen(kind: str = "points.earned", key: str = "k", count: int = 1) -> None:
    """Publish facts."""
    sql.execute(
        "INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data, correlation_id) "
        "SELECT gen_random_uuid(), %s, %s, 'transaction', n::text, now(), '{\"points_amount\": 5}', gen_random_uuid() "
        "FROM generate_series(1, %s) n",
        [kind, key, count],
    )


def drain(now: datetime) -> None:
    """Make what deliveries there are to make, and send all that is due."""
    api.fan_out(now=now)
    while api.send_one(now=now):
        pass


def states() -> list[str]:
    """The states of all deliveries in order."""
    return list(WebhookDelivery.objects.order_by("id").values_list("state", flat=True))


def test_fact__committed__comes_as_a_signed_cloud_event(receiver: Receiver, actor: Actor, instant: datetime) -> None:
    _, secret = made(receiver, actor, instant, types=["points.*"])
    happen()
    happen("tier.upgraded")
    drain(instant)
    assert len(receiver.calls) == 1
    headers, body = receiver.calls[0]
    told = Webhook(secret).verify(body, headers)
    assert told["specversion"] == "1.0"
    assert (told["type"], told["subject"], told["partitionkey"]) == ("points.earned", "transaction/1", "k")
    assert told["data"] == {"points_amount": 5}
    assert headers["webhook-id"] == told["id"]
    assert {"source", "time", "dataschema", "correlationid", "sequence"} <= set(told)
    assert "causationid" not in told
    drain(instant)
    assert len(receiver.calls) == 1


def test_signature__of_anything_else__is_refused_by_the_reference(
    receiver: Receiver, actor: Actor, instant: datetime
) -> None:
    _, secret = made(receiver, actor, instant)
    happen()
    drain(instant)
    headers, body = receiver.calls[0]
    verifier = Webhook(secret)
    chance = random.Random(7)
    refused = 0
    for _ in range(1000):
        place = chance.randrange(len(body))
        changed = body[:place] + bytes([(body[place] + chance.randrange(1, 127)) % 127]) + body[place + 1 :]
        if changed == body:
            continue
        with pytest.raises(WebhookVerificationError):
            verifier.verify(changed, headers, json_parse=False)
        refused += 1
    assert refused > 900
    with pytest.raises(WebhookVerificationError):
        verifier.verify(body, {**headers, "webhook-id": str(uuid.uuid4())})


def test_secret__turned__both_sign_for_the_overlap(receiver: Receiver, actor: Actor, instant: datetime) -> None:
    endpoint, old = made(receiver, actor, instant)
    new = api.rotate_secret(endpoint=endpoint, overlap=timedelta(hours=1), actor=actor, now=instant)
    happen()
    drain(instant)
    headers, body = receiver.calls[0]
    assert Webhook(old).verify(body, headers) == Webhook(new).verify(body, headers)
    happen()
    later = instant + timedelta(hours=2)
    drain(later)
    headers, body = receiver.calls[1]
    assert len(headers["webhook-signature"].split(" ")) == 1
    assert headers["webhook-signature"] == Webhook(new).sign(headers["webhook-id"], later, body.decode())


def test_delivery__refused__is_tried_by_the_schedule_of_the_standard_and_then_fails(
    receiver: Receiver, actor: Actor, instant: datetime
) -> None:
    made(receiver, actor, instant)
    happen()
    receiver.answers = [500] * 20
    at = instant
    for wait in WAITS:
        drain(at)
        due = WebhookDelivery.objects.get().due_at
        assert due - at == wait
        WebhookEndpoint.objects.update(open_until=None)
        at = due
    drain(at)
    assert at - instant == timedelta(hours=75, minutes=35, seconds=5)
    assert states() == ["FAILED"]
    assert len(set(receiver.ids)) == 1
    assert len(receiver.calls) == 10
    assert WebhookAttempt.objects.filter(outcome="refused", status_code=500).count() == 10
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.state, endpoint.state_reason) == ("DISABLED", "nothing_delivered")


@pytest.mark.parametrize(
    ("status", "outcome", "state"),
    [(410, "gone", "DISABLED"), (301, "redirected", "ACTIVE"), (404, "refused", "ACTIVE")],
)
def test_answer__of_a_kind__does_what_the_standard_says(
    receiver: Receiver, actor: Actor, instant: datetime, status: int, outcome: str, state: str
) -> None:
    made(receiver, actor, instant)
    happen()
    receiver.answers, receiver.headers = [status], {"Location": receiver.url}
    drain(instant)
    assert WebhookAttempt.objects.get().outcome == outcome
    assert WebhookEndpoint.objects.get().state == state
    assert len(receiver.calls) == 1, "no redirect is followed"


@pytest.mark.parametrize(
    ("told", "wait"),
    [
        ("120", timedelta(seconds=120)),
        ("99999999999999999999", timedelta(days=1)),
        ("@", timedelta(minutes=10)),
        ("Wed, 21 Oct 2015 07:28:00 GMT", timedelta(seconds=5)),
        ("soon", timedelta(seconds=5)),
        ("-5", timedelta(seconds=5)),
    ],
)
def test_answer__with_retry_after__is_waited_for(
    receiver: Receiver, actor: Actor, instant: datetime, told: str, wait: timedelta
) -> None:
    made(receiver, actor, instant)
    happen()
    whole = instant.replace(microsecond=0)
    told = format_datetime(whole + timedelta(minutes=10), usegmt=True) if told == "@" else told
    receiver.answers, receiver.headers = [429], {"Retry-After": told}
    drain(whole)
    assert WebhookDelivery.objects.get().due_at == whole + wait


ENDLESS = b"x" * 10_000_000
ODD_ANSWERS = {
    "a book": b"Content-Length: 10000000\r\n\r\n" + ENDLESS,
    "a book in pieces": b"Transfer-Encoding: chunked\r\n\r\n989680\r\n" + ENDLESS + b"\r\n0\r\n\r\n",
    "broken off": b"Content-Length: 500\r\n\r\nhalf",
    "packed badly": b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
    "packed unasked": b"Content-Encoding: br\r\nContent-Length: 4\r\n\r\nabcd",
    "no charset": b"Content-Type: text/plain; charset=klingon\r\nContent-Length: 2\r\n\r\nqa",
    "NUL": b"Content-Length: 3\r\n\r\na\x00b",
}


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("name", ODD_ANSWERS)
def test_answer__whose_content_is_odd__counts_by_its_status(
    actor: Actor, instant: datetime, name: str, status: int
) -> None:
    with answering(f"HTTP/1.1 {status} Said\r\n".encode() + ODD_ANSWERS[name]) as one:
        made(one, actor, instant)
        happen()
        drain(instant)
    assert states() == ["DELIVERED" if status == 200 else "PENDING"]
    tried = WebhookAttempt.objects.get()
    assert (tried.status_code, tried.outcome) == (status, "delivered" if status == 200 else "refused")
    assert len(tried.answer) <= 500


@pytest.mark.parametrize(("order", "came"), [("key", 3), ("endpoint", 1)])
def test_order__behind_a_failed_delivery__only_what_must_wait_waits(
    receiver: Receiver, actor: Actor, instant: datetime, order: str, came: int
) -> None:
    made(receiver, actor, instant, order=api.DeliveryOrder(order))
    happen(key="a", count=2)
    happen(key="b", count=2)
    receiver.answers = [500]
    drain(instant)
    assert len(receiver.calls) == came
    drain(instant + WAITS[0])
    keys = [json.loads(body)["partitionkey"] for _, body in receiver.calls]
    subjects = [json.loads(body)["subject"] for _, body in receiver.calls if json.loads(body)["partitionkey"] == "a"]
    assert sorted(keys) == ["a", "a", "a", "b", "b"]
    assert subjects == ["transaction/1", "transaction/1", "transaction/2"]
    assert set(states()) == {"DELIVERED"}


def test_circuit__after_failures_in_a_row__leaves_the_endpoint_alone_and_tries_with_one(
    receiver: Receiver, actor: Actor, instant: datetime
) -> None:
    made(receiver, actor, instant)
    for number in range(8):
        happen(key=str(number))
    receiver.answers = [500] * 6
    drain(instant)
    assert len(receiver.calls) == 5
    drain(instant + WAITS[0])
    assert len(receiver.calls) == 5, "the circuit is open"
    half_open = instant + PAUSE
    drain(half_open)
    assert len(receiver.calls) == 6, "one tries, fails, and the circuit is open again"
    drain(half_open + PAUSE)
    assert set(states()) == {"DELIVERED"}
    other = WebhookEndpoint.objects.get()
    assert (other.failures_in_a_row, other.open_until) == (0, None)


def test_endpoint__that_is_down__does_not_hold_up_another(receiver: Receiver, actor: Actor, instant: datetime) -> None:
    made(receiver, actor, instant, order=api.DeliveryOrder.ENDPOINT)
    with receiving() as gone:
        made(gone, actor, instant, order=api.DeliveryOrder.ENDPOINT)
    happen(count=5)
    drain(instant)
    assert len(receiver.calls) == 5
    assert WebhookAttempt.objects.filter(outcome="unreachable").count() == 1


def test_worker__died_after_the_call__sends_the_same_id_again(
    receiver: Receiver, actor: Actor, instant: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(receiver, actor, instant)
    happen()

    class Killed(BaseException):
        """As if the process ended here."""

    def die(point: str) -> None:
        if point == "webhooks.sent":
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("loyalty.foundation.exchange.operations.sending.maybe_fail", die)
        with pytest.raises(Killed):
            drain(instant)
    drain(instant)
    assert len(receiver.calls) == 1, "its lease holds"
    drain(instant + LEASE)
    assert len(receiver.calls) == 2
    assert len(set(receiver.ids)) == 1
    assert states() == ["DELIVERED"]


def test_replay__from_an_instant_or_for_one_key__sends_with_the_same_ids(
    receiver: Receiver, actor: Actor, instant: datetime
) -> None:
    happen("points.burned", key="before")
    events.store_facts()
    endpoint, _ = made(receiver, actor, instant)
    happen(key="a", count=2)
    happen(key="b", count=2)
    drain(instant)
    first = receiver.ids
    assert len(first) == 4, "what was before is not told by itself"
    since = instant - timedelta(minutes=5)
    assert api.replay_since(endpoint=endpoint, since=since, key="a", actor=actor, now=instant) == 2
    drain(instant)
    assert receiver.ids[4:] == first[:2]
    assert api.replay_since(endpoint=endpoint, since=since, key="", actor=actor, now=instant) == 5
    drain(instant)
    assert len(set(receiver.ids)) == 5
    one = WebhookDelivery.objects.order_by("id").first()
    assert one is not None
    api.replay_delivery(delivery=one, actor=actor, now=instant)
    drain(instant)
    assert receiver.ids[-1] == str(one.event_id)


def test_endpoint__whose_address_may_not_be_called__is_refused(actor: Actor, now: datetime) -> None:
    how: dict[str, Any] = {"description": "", "types": [], "order": api.DeliveryOrder.KEY}
    kept, _ = api.create_endpoint(url="https://example.com/", **how, actor=actor, now=now)
    inner = ("http://169.254.169.254/latest", "http://10.0.0.1:8080/", "http://[fd00::1]/", "http://[::ffff:10.0.0.1]/")
    for url in ("ftp://example.com/", "http://user:secret@example.com/", "nothing", *inner):
        with pytest.raises(EgressRefusal):
            api.create_endpoint(url=url, **how, actor=actor, now=now)
        with pytest.raises(EgressRefusal):
            api.change_endpoint(endpoint=kept, changes={"url": url}, actor=actor, now=now)
    assert WebhookEndpoint.objects.get().url == "https://example.com/"


def test_endpoint__for_unknown_types__is_refused(receiver: Receiver, actor: Actor, now: datetime) -> None:
    with pytest.raises(api.EventTypesUnknown):
        made(receiver, actor, now, types=["points.earned", "nothing.*"])


def test_delivery__that_tells_of_a_person__is_masked_but_for_who_may_see(
    receiver: Receiver, client_with: ClientWith, actor: Actor, now: datetime
) -> None:
    endpoint, _ = made(receiver, actor, now)
    body = '{"id":"1","data":{"email":"lina@example.com","amount":0.10}}'
    sent = WebhookDelivery.objects.create(
        endpoint=endpoint, event_id=uuid.uuid4(), type="customer.changed", body=body, created_at=now, due_at=now
    )
    address = f"/api/loyalty/v1/webhookDeliveries/{sent.public_id}/"
    hidden = client_with("exchange.view").get(address).json()["body"]
    assert "lina" not in hidden
    assert json.loads(hidden)["data"]["email"] == "l•••@•••.com"
    assert '"amount":0.10' in hidden
    assert client_with("exchange.view", "customers.view_pii").get(address).json()["body"] == body


def test_routes__from_endpoint_to_delivery_log(receiver: Receiver, client_with: ClientWith) -> None:
    client = client_with("exchange.view", "exchange.manage", "exchange.replay")
    answer = client.post("/api/loyalty/v1/webhookEndpoints/", {"url": receiver.url, "types": ["points.*"]})
    assert answer.status_code == 201, answer.json()
    address = f"/api/loyalty/v1/webhookEndpoints/{answer.json()['id']}/"
    assert answer.json()["secret"].startswith("whsec_")
    assert "secret" not in client.get(address).json()
    tested = client.post(f"{address}test/")
    assert tested.status_code == 202
    drain(datetime.now(UTC) + timedelta(seconds=1))
    log = client.get("/api/loyalty/v1/webhookDeliveries/", {"endpoint": answer.json()["id"]}).json()
    assert [(one["type"], one["state"]) for one in log["results"]] == [("webhook.test", "DELIVERED")]
    one = client.get(f"/api/loyalty/v1/webhookDeliveries/{log['results'][0]['id']}/").json()
    assert [try_["status_code"] for try_ in one["tries"]] == [204]
    paused = client.patch(address, {"state": "PAUSED"})
    assert (paused.status_code, paused.json()["state"]) == (200, "PAUSED")
    assert client.post(f"{address}test/").json()["code"] == "webhook.endpoint_not_active"
    assert client.post(f"{address}replay/", {"since": "2026-01-01T00:00:00Z"}).status_code == 202
    assert client.post(f"{address}rotate/", {}).json()["secret"] != answer.json()["secret"]
    assert client_with("exchange.view").post(f"{address}rotate/", {}).status_code == 403
    assert client.delete(address).status_code == 204


@pytest.mark.parametrize("path", ["webhookEndpoints", "eventMappings"])
def test_edit__made_on_an_older_version__is_refused_and_changes_nothing(
    receiver: Receiver, client_with: ClientWith, path: str
) -> None:
    mapping = {"source": "s", "name": "a", "type": "invoice.paid", "id_path": "$.a", "subject_path": "$.b"}
    body, change, other = {
        "webhookEndpoints": ({"url": receiver.url}, {"description": "mine"}, {"description": "theirs"}),
        "eventMappings": (mapping, {"name": "mine"}, {"name": "theirs"}),
    }[path]
    client = client_with("exchange.view", "exchange.manage")
    made = client.post(f"/api/loyalty/v1/{path}/", body)
    tag = made.headers["ETag"]
    address = f"/api/loyalty/v1/{path}/{made.json()['id']}/"
    assert client.get(address).headers["ETag"] == tag
    theirs = client.patch(address, other, headers={"If-Match": tag})
    assert (theirs.status_code, theirs.headers["ETag"] != tag) == (200, True)
    for late in (
        client.patch(address, change, headers={"If-Match": tag}),
        client.patch(address, change, headers={"If-Match": "no tag"}),
        client.delete(address, headers={"If-Match": tag}),
    ):
        assert (late.status_code, late.json()["code"]) == (412, "edit.conflict")
    kept = client.get(address)
    assert {name: kept.json()[name] for name in other} == other
    assert kept.headers["ETag"] == theirs.headers["ETag"]
    # Who names no version edits whatever stands, as everywhere.
    assert client.patch(address, change).status_code == 200
    assert client.patch(address, change, headers={"If-Match": "*"}).status_code == 200
    newest = client.get(address).headers["ETag"]
    assert client.delete(address, headers={"If-Match": f'"0", {newest}'}).status_code == 204
    assert client.delete(address, headers={"If-Match": newest}).status_code == 404
