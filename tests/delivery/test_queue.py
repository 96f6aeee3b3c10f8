"""Filling the queue: once per occurrence, in sets, with the reason of everyone who is left out."""

import threading
from datetime import datetime

import pytest
from django.db import connections

from loyalty.delivery import api
from loyalty.delivery.models import Content, Message, Send
from tests.delivery.post import EVERYONE, left_out, make_customers, open_message, queue_all

RACERS = 16


@pytest.mark.django_db
def test_queue__audience__has_a_row_for_everyone_with_the_reason(now: datetime) -> None:
    make_customers(["Ada", "Bob"], now)
    make_customers(["Cid"], now, is_consented=False, prefix="n")
    make_customers(["Dan"], now, has_address=False, prefix="a")
    counted = api.count_audience(audience=EVERYONE, channel="email", purpose="marketing", now=now)
    placed = queue_all(now)
    reasons = left_out(no_consent=1, no_address=1)
    assert (counted.audience, counted.sendable, dict(counted.excluded)) == (4, 2, reasons)
    assert (placed.placed, placed.queued, dict(placed.excluded), placed.is_complete) == (4, 2, reasons, True)
    assert set(Send.objects.values_list("state", "reason")) == {
        ("QUEUED", ""),
        ("SKIPPED", "no_consent"),
        ("SKIPPED", "no_address"),
    }


@pytest.mark.django_db
def test_queue__same_occurrence__places_nobody_again(now: datetime) -> None:
    make_customers(["Ada", "Bob"], now)
    queue_all(now)
    again = queue_all(now)
    assert (again.placed, Send.objects.count(), Message.objects.count(), Content.objects.count()) == (0, 2, 1, 1)


@pytest.mark.django_db
def test_queue__chunks__go_on_where_the_last_one_ended(now: datetime) -> None:
    make_customers([f"N{number}" for number in range(10)], now)
    message = open_message(now)
    sizes = []
    while True:
        chunk = api.enqueue_chunk(message_id=message.id, audience=EVERYONE, now=now, limit=4)
        sizes.append(chunk.placed)
        if chunk.is_complete:
            break
    assert sizes == [4, 4, 2]
    assert Send.objects.values("customer_id").distinct().count() == 10


@pytest.mark.django_db
def test_message__same_occurrence_other_content__is_refused(now: datetime) -> None:
    open_message(now)
    with pytest.raises(api.OccurrenceContentDiffers):
        open_message(now, content={"subject": "Other", "body": "Body"})


@pytest.mark.django_db
def test_message__unknown_variable__is_refused(now: datetime) -> None:
    with pytest.raises(api.TemplateInvalid) as refusal:
        open_message(now, content={"subject": "{{ frist_name }}", "body": "b"})
    assert "frist_name" in refusal.value.detail


@pytest.mark.django_db
@pytest.mark.parametrize("channel", ["sms", "push", "webhook", "whatsapp"])
def test_channel__without_a_kind__is_not_available(channel: str) -> None:
    with pytest.raises(api.ChannelNotAvailable):
        api.check_content(channel=channel, content={}, variables=())


def test_channel__nobody_knows__is_unknown() -> None:
    with pytest.raises(api.ChannelUnknown):
        api.check_content(channel="pigeon", content={}, variables=())


@pytest.mark.django_db(transaction=True)
def test_queue__many_at_once__one_row_each(now: datetime) -> None:
    make_customers([f"N{number}" for number in range(20)], now)
    barrier = threading.Barrier(RACERS)
    faults: list[BaseException] = []

    def race() -> None:
        try:
            barrier.wait(timeout=30)
            queue_all(now)
        except BaseException as fault:  # told by the test below
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=race) for _ in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert faults == []
    assert (Message.objects.count(), Send.objects.count()) == (1, 20)


@pytest.mark.django_db
def test_queue__public_ids__are_version_7_of_their_instant(now: datetime) -> None:
    make_customers([f"N{number}" for number in range(50)], now)
    queue_all(now)
    made = list(Send.objects.values_list("public_id", flat=True))
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}
    assert {one.int >> 80 for one in made} == {int(now.timestamp() * 1000)}
