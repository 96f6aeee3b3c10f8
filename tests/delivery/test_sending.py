"""Sending over a real mail server: once each, with every way in which a server can fail."""

from datetime import datetime, timedelta
from email.utils import parseaddr

import pytest
from pytest_django.fixtures import Settings

from loyalty.customers.api import withdraw_consent
from loyalty.delivery import api
from loyalty.delivery.models import Send
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel.actor import system_actor
from tests.delivery.post import SOURCE, Post, make_customers, queue_all, states

pytestmark = pytest.mark.django_db


def send(now: datetime) -> api.BatchReport:
    """Send one batch."""
    return api.send_due(channel="email", now=now)


def facts() -> list[str]:
    """Give the types of the facts of messages."""
    return list(
        PublishedEvent.objects.filter(type__startswith="message.")
        .order_by("recorded_at")
        .values_list("type", flat=True)
    )


def test_send__queued__reaches_the_server_once_each(post: Post, now: datetime) -> None:
    make_customers(["Ada", "Bob"], now)
    queue_all(now)
    assert send(now).sent == 2
    assert send(now).claimed == 0
    mails = post.mails()
    assert sorted(parseaddr(mail["To"])[1] for mail in mails) == ["c0@mail.test", "c1@mail.test"]
    assert states() == {"SENT": 2}
    assert facts() == ["message.sent", "message.sent"]


def test_send__mail__has_parts_links_and_headers(post: Post, now: datetime) -> None:
    make_customers(["Ada"], now)
    queue_all(now)
    send(now)
    (mail,) = post.mails()
    row = Send.objects.get()
    assert mail["Subject"] == "Hello Ada"
    assert mail["Message-ID"] == f"<{row.public_id}@khaywe.example>"
    assert mail["List-Unsubscribe"].strip().startswith("<https://loyalty.test/u/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    html, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert "https://loyalty.test/t/c/" in html.get_content()
    assert "https://loyalty.test/t/o/" in html.get_content()
    assert "https://shop.test/a?x=1&y=2" in text.get_content()


def test_send__service_message__offers_no_way_out_and_needs_no_marketing_consent(post: Post, now: datetime) -> None:
    make_customers(["Ada"], now, is_consented=False)
    queue_all(now, purpose="service")
    assert send(now).sent == 1
    assert post.mails()[0]["List-Unsubscribe"] is None


def test_send__relay_final__is_delivered(post: Post, now: datetime, settings: Settings) -> None:
    settings.LOYALTY_EMAIL_RELAY_IS_FINAL = True
    make_customers(["Ada"], now)
    queue_all(now)
    send(now)
    row = Send.objects.get()
    assert (row.state, row.sent_at, row.delivered_at) == ("DELIVERED", now, now)
    assert facts() == ["message.sent", "message.delivered"]


def test_send__variable_missing__is_skipped_with_its_name(post: Post, now: datetime) -> None:
    make_customers(["", "Bob"], now)
    queue_all(now, content={"subject": "S", "body": "<p>Dear {{ first_name }}</p>"})
    report = send(now)
    assert (report.sent, report.skipped) == (1, 1)
    skipped = Send.objects.get(state="SKIPPED")
    assert (skipped.reason, skipped.detail) == ("template.variable_missing", "first_name")
    assert all("None" not in str(mail) for mail in post.mails())


def test_send__consent_withdrawn_after_queueing__is_skipped(post: Post, now: datetime) -> None:
    (customer,) = make_customers(["Ada"], now)
    queue_all(now)
    withdraw_consent(
        customer_id=customer, channel="email", purpose="marketing", source="t", actor=system_actor("t"), now=now
    )
    assert send(now).skipped == 1
    assert post.mails() == []
    assert Send.objects.get().reason == "no_consent"


def test_send__server_down__waits_and_goes_later_once(post: Post, now: datetime, settings: Settings) -> None:
    make_customers(["Ada", "Bob"], now)
    queue_all(now)
    settings.EMAIL_PORT = 1
    report = send(now)
    assert (report.is_channel_down, report.sent, states()) == (True, 0, {"QUEUED": 2})
    assert set(Send.objects.values_list("attempts", flat=True)) == {0}
    settings.EMAIL_PORT = post.port
    assert send(now).claimed == 0
    assert send(now + timedelta(seconds=15)).sent == 2
    assert len(post.mails()) == 2


def test_send__server_closed__waits_and_goes_later_once(post: Post, now: datetime) -> None:
    make_customers(["Ada", "Bob"], now)
    queue_all(now)
    post.fail("EHLO 421 closed")
    send(now)
    assert (states(), post.mails()) == ({"QUEUED": 2}, [])
    post.work()
    later = now
    for _ in range(4):
        later += timedelta(minutes=1)
        send(later)
    assert (states(), len(post.mails())) == ({"SENT": 2}, 2)


@pytest.mark.parametrize("how", ["RCPT 450 busy", "BODY 451 try later", "BODY 421 closing", "RCPT 421 closing"])
def test_send__refused_for_now__is_tried_again(post: Post, now: datetime, how: str) -> None:
    make_customers(["Ada", "Bob"], now)
    queue_all(now)
    post.fail(how)
    assert (send(now).retried, states()) == (2, {"QUEUED": 2})
    row = Send.objects.first()
    assert row is not None
    assert (row.attempts, row.due_at) == (1, now + timedelta(seconds=30))
    assert how.split()[1] in row.detail
    post.work()
    assert send(now + timedelta(seconds=30)).sent == 2
    assert len(post.mails()) == 2


def test_send__address_refused__is_bounced_for_good(post: Post, now: datetime) -> None:
    make_customers(["Ada"], now)
    queue_all(now)
    post.fail("RCPT 550 5.1.1 no such user")
    send(now)
    row = Send.objects.get()
    assert (row.state, row.reason) == ("BOUNCED", "email.recipient_refused")
    assert "550" in row.detail
    assert facts() == ["message.bounced"]
    post.work()
    assert send(now + timedelta(days=1)).claimed == 0


def test_send__body_refused_for_good__has_failed(post: Post, now: datetime) -> None:
    make_customers(["Ada"], now)
    queue_all(now)
    post.fail("BODY 554 spam")
    send(now)
    row = Send.objects.get()
    assert (row.state, row.reason) == ("FAILED", "email.refused")


def test_send__line_lost_after_the_body__is_unknown_and_never_sent_again(post: Post, now: datetime) -> None:
    make_customers(["Ada"], now)
    queue_all(now)
    post.fail("DROP")
    assert send(now).unknown == 1
    row = Send.objects.get()
    assert (row.state, row.reason) == ("UNKNOWN", "email.outcome_unknown")
    post.work()
    assert send(now + timedelta(days=1)).claimed == 0


def test_send__refused_for_three_days__has_failed(post: Post, now: datetime) -> None:
    make_customers(["Ada"], now)
    queue_all(now)
    post.fail("RCPT 450 busy")
    later, tries = now, 0
    while states() == {"QUEUED": 1}:
        tries += send(later).claimed
        later += timedelta(minutes=30)
    assert later - now > timedelta(days=3)
    assert Send.objects.get().attempts == tries
    assert states() == {"FAILED": 1}


def test_send__worker_lost_while_sending__is_unknown_after_the_lease(post: Post, now: datetime) -> None:
    make_customers(["Ada"], now)
    queue_all(now)
    Send.objects.update(state="SENDING", due_at=now + timedelta(minutes=15))
    assert api.give_up_unknown(now=now + timedelta(minutes=14)) == 0
    assert api.give_up_unknown(now=now + timedelta(minutes=16)) == 1
    assert Send.objects.get().reason == "send.outcome_unknown"
    assert send(now + timedelta(days=1)).claimed == 0


def test_hold__then_release__sends_the_rest_and_nothing_twice(post: Post, now: datetime) -> None:
    make_customers(["Ada", "Bob", "Cid"], now)
    queue_all(now)
    api.send_due(channel="email", now=now, limit=1)
    assert api.hold(source_ref=SOURCE) == 2
    assert send(now + timedelta(hours=1)).claimed == 0
    assert api.release(source_ref=SOURCE, now=now) == 2
    assert send(now).sent == 2
    assert len(post.mails()) == 3


def test_cancel__queued__is_skipped_with_the_reason(post: Post, now: datetime) -> None:
    make_customers(["Ada"], now)
    queue_all(now)
    assert api.cancel(source_ref=SOURCE, reason="campaign.ended", now=now) == 1
    assert send(now).claimed == 0
    assert Send.objects.get().reason == "campaign.ended"


def test_send__urgent__goes_before_bulk(post: Post, now: datetime) -> None:
    make_customers(["Ada"], now)
    queue_all(now, occurrence="bulk", content={"subject": "bulk", "body": "b"})
    queue_all(now, occurrence="urgent", content={"subject": "urgent", "body": "b"}, priority=0)
    api.send_due(channel="email", now=now, limit=1)
    assert [mail["Subject"] for mail in post.mails()] == ["urgent"]
