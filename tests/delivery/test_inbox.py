"""The inbox of the operator's app: written once, read, removed and forgotten."""

import uuid
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from loyalty.delivery import api
from loyalty.delivery.models import InboxItem, MessageBudget, Send
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import system_actor
from tests.delivery.post import EVERYONE, SOURCE, make_customers, states

pytestmark = pytest.mark.django_db
CONTENT = {"title": "Hello {{ first_name }}", "body": "Your voucher is here.", "url": "shop://vouchers/1"}


def queue(now: datetime, *, occurrence: str = "i-1", **changes: str) -> None:
    """Queue a message for everyone's inbox."""
    request = api.MessageRequest(
        occurrence_key=occurrence,
        channel="in_app",
        purpose="service",
        content={**CONTENT, **changes},
        variables=(),
        source_kind="tests",
        source_ref=SOURCE,
    )
    message = api.open_message(request=request, now=now)
    api.enqueue_chunk(message_id=message.id, audience=EVERYONE, now=now)


def send(now: datetime) -> api.BatchReport:
    """Send one batch."""
    return api.send_due(channel="in_app", now=now)


def test_message__queued__lies_in_each_inbox_once_and_is_delivered(now: datetime) -> None:
    make_customers(["Ada", "Bob"], now)
    queue(now)
    assert (send(now).sent, states()) == (2, {"DELIVERED": 2})
    titles = set(InboxItem.objects.values_list("title", "url"))
    assert titles == {("Hello Ada", "shop://vouchers/1"), ("Hello Bob", "shop://vouchers/1")}
    assert PublishedEvent.objects.filter(type="message.delivered").count() == 2


def test_worker__lost_after_writing__is_written_again_and_lies_there_once(now: datetime) -> None:
    make_customers(["Ada"], now)
    queue(now)
    send(now)
    # What a worker leaves that was killed between the row and the commit of its outcome.
    Send.objects.update(state="SENDING", due_at=now, delivered_at=None)
    later = now + timedelta(minutes=20)
    assert api.give_up_unknown(now=later) == 0
    assert send(later).sent == 1
    assert (states(), InboxItem.objects.count()) == ({"DELIVERED": 1}, 1)


def test_worker__lost_while_a_budget_pays__is_paid_once(now: datetime) -> None:
    actor = system_actor("tests")
    configuration.save(code="message-costs", values={"in_app": "2"}, actor=actor, now=now)
    api.set_budget(scope="month", ref=None, amount=Decimal(3), actor=actor, now=now)
    make_customers(["Ada"], now)
    queue(now)
    assert send(now).sent == 1
    # Lost between the hand-over and the commit of its outcome: the begun message was counted, and is begun again.
    Send.objects.update(state="SENDING", due_at=now + timedelta(minutes=15), delivered_at=None)
    later = now + timedelta(minutes=20)
    assert api.give_up_unknown(now=later) == 0
    assert (MessageBudget.objects.get().spent, Send.objects.get().cost) == (Decimal(0), Decimal(0))
    assert send(later).sent == 1
    assert (MessageBudget.objects.get().spent, Send.objects.get().cost) == (Decimal(2), Decimal(2))


def test_test_message__to_an_address_that_is_no_customer__fails(now: datetime) -> None:
    (customer,) = make_customers(["Ada"], now)
    content = {**CONTENT, "title": "Hello"}
    request = api.MessageRequest("t-1", "in_app", "service", content, (), "tests", SOURCE, is_test=True)
    message = api.open_message(request=request, now=now)
    for number, to in enumerate((str(customer), "me@operator.test", str(uuid.uuid4())), start=1):
        api.enqueue_test(message_id=message.id, customer=number, variables={}, to=to, now=now)
    send(now)
    assert sorted(Send.objects.values_list("state", flat=True)) == ["DELIVERED", "FAILED", "FAILED"]


@pytest.mark.parametrize("days", ["0", "366", "x", "-1", "1.5", ""])
def test_content__bad_number_of_days__is_refused(days: str) -> None:
    with pytest.raises(api.ContentInvalid):
        api.check_content(channel="in_app", content={**CONTENT, "expires_days": days}, variables=())


def test_inbox__read_unread_removed_and_expired__as_the_app_asks(admin_client: APIClient) -> None:
    now = clock.now()
    make_customers(["Ada"], now)
    for number in range(3):
        queue(now, occurrence=f"i-{number}", expires_days=str(number + 1))
    assert send(now).sent == 3
    place = "/api/loyalty/v1/customers/c-0/inbox/"
    shown = admin_client.get(place).json()
    assert (shown["unread"], len(shown["items"])) == (3, 3)
    first = shown["items"][0]["id"]
    marked = admin_client.put(f"{place}{first}/", {"is_read": True}, format="json")
    assert (marked.status_code, marked.json()["read_at"] is not None) == (200, True)
    assert Send.objects.get(public_id=first).state == "OPENED"
    assert PublishedEvent.objects.filter(type="message.opened").count() == 1
    assert len(admin_client.get(place, {"unread": "true"}).json()["items"]) == 2
    assert admin_client.put(f"{place}{first}/", {"is_read": False}, format="json").json()["read_at"] is None
    assert admin_client.post(place).json() == {"read": 3}
    assert admin_client.get(place).json()["unread"] == 0
    assert admin_client.delete(f"{place}{first}/").status_code == 204
    assert admin_client.delete(f"{place}{first}/").status_code == 404
    assert len(admin_client.get(place).json()["items"]) == 2
    InboxItem.objects.update(expires_at=now - timedelta(seconds=1))
    assert admin_client.get(place).json()["items"] == []
    assert (api.forget_items(now=now), api.forget_items(now=now)) == (3, 0)
    for bad in ("nonsense", str(uuid.uuid4())):
        assert admin_client.put(f"{place}{bad}/", {"is_read": True}, format="json").status_code == 404
    assert admin_client.get("/api/loyalty/v1/customers/nobody/inbox/").status_code == 404


def test_inbox__of_another_customer__is_not_touched(admin_client: APIClient) -> None:
    now = clock.now()
    make_customers(["Ada", "Bob"], now)
    queue(now)
    send(now)
    (item,) = admin_client.get("/api/loyalty/v1/customers/c-0/inbox/").json()["items"]
    assert admin_client.delete(f"/api/loyalty/v1/customers/c-1/inbox/{item['id']}/").status_code == 404
