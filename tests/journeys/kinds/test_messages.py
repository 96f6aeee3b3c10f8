"""Actions that write to customers: through the send ledger, in sets, once."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty.delivery import api as delivery
from loyalty.delivery.models import Message, Send
from loyalty.points import api as points
from tests.delivery.post import Post, make_customers
from tests.journeys.kinds.scene import action, call, rows
from tests.points.world import make_world

pytestmark = pytest.mark.django_db
WORDS = {"subject": 'Hi {{ first_name | "you" }}', "body": "<p>Bought for {{ event_amount }}: {{ greeting }}</p>"}
VALUES = {"greeting": "{{customer.last_name}} of {{journey.name}}"}


def test_send_email__consent_or_none__success_or_skip_with_its_reason(post: Post, now: datetime) -> None:
    people = [*make_customers(["Ada", "Bob"], now), *make_customers(["Cid"], now, is_consented=False, prefix="n")]
    at = rows(people, {"event": {"amount": 12}})
    told = action("send_email").perform_set(call("send_email", **WORDS, variables=VALUES), at, now=now)
    assert [one.branch for one in told] == ["success", "success", "skip"]
    assert told[2].result["reason"] == "no_consent"
    while delivery.send_due(channel="email", now=now).claimed:
        pass
    mails = post.mails()
    assert sorted(str(mail["Subject"]) for mail in mails) == ["Hi Ada", "Hi Bob"]
    assert all("Bought for 12" in mail.as_string() and "Welcome" in mail.as_string() for mail in mails)
    assert {one.source_kind for one in Message.objects.all()} == {"journey"}


def test_send_email__the_same_steps_again__write_to_nobody_again(post: Post, now: datetime) -> None:
    at = rows(make_customers(["Ada", "Bob"], now), {"event": {"amount": 12}})
    node = call("send_email", **WORDS, variables=VALUES)
    first = action("send_email").perform_set(node, at, now=now)
    again = action("send_email").perform_set(node, list(reversed(at)), now=now)
    assert [one.result for one in again] == [one.result for one in reversed(first)]
    assert Send.objects.count() == 2


def test_send_email__one_customer_twice_in_a_batch__is_written_to_for_each(post: Post, now: datetime) -> None:
    ada = make_customers(["Ada"], now)[0]
    told = action("send_email").perform_set(
        call("send_email", **WORDS, variables=VALUES), [*rows([ada], {"event": {"amount": 1}}), *rows([ada])], now=now
    )
    assert [one.branch for one in told] == ["success", "success"]
    assert len({one.result["send_id"] for one in told}) == 2


def test_send_email__a_hundred_customers__take_as_many_statements_as_two(post: Post, now: datetime) -> None:
    node = call("send_email", **WORDS, variables=VALUES)
    counts = []
    for number in (2, 100):
        at = rows(make_customers([f"P{one}" for one in range(number)], now, prefix=f"s{number}-"))
        with CaptureQueriesContext(
            connection,
        ) as told:
            action("send_email").perform_set(node, at, now=now)
        counts.append(len(told))
    # The first batch also keeps the content.
    assert counts[1] <= counts[0]


def test_send_email__preview__renders_and_leaves_nothing_behind(post: Post, now: datetime) -> None:
    people = [*make_customers(["Ada"], now), *make_customers(["Cid"], now, is_consented=False, prefix="n")]
    node = call("send_email", **WORDS, variables=VALUES)
    at = rows(people, {"event": {"amount": 12}})
    seen, refused = (action("send_email").preview(node, one, now=now) for one in at)
    assert (seen.branch, seen.shown["subject"]) == ("success", "Hi Ada")
    assert "Bought for 12" in seen.shown["html"]
    assert (refused.branch, refused.words) == ("skip", "Nothing is sent: the customer did not agree.")
    missing = action("send_email").preview(node, rows(people)[0], now=now)
    assert missing.warnings == ("The value event_amount is missing, so that the message would not be sent.",)
    assert not Send.objects.exists() and not Message.objects.exists()


def test_send_email__problems__name_the_field(post: Post) -> None:
    def fields(**config: object) -> list[str]:
        return [one.field for one in action("send_email").problems_of(config)]

    assert fields(**WORDS, variables=VALUES) == []
    assert fields(subject="Hi") == ["body"]
    assert fields(subject="Hi", body="{{ nobody_knows }}") == ["body"]
    assert fields(subject="Hi", body="x", variables={"a": "{{customer.shoe_size}}"}) == ["variables"]
    assert fields(subject="Hi", body="x", variables={"A B": "x"}) == ["variables"]


def test_send_push__without_a_channel__is_listed_with_the_reason(now: datetime) -> None:
    if "push" in delivery.list_channels():
        assert action("send_push").unavailable_reason == ""
    else:
        assert "push" in action("send_push").unavailable_reason


def test_send_email__points_past_their_time__are_not_told_as_a_balance(post: Post, now: datetime) -> None:
    world = make_world(now, expiry_days=30)
    people = make_customers(["Ada"], now)
    world.enroll(people)
    member = points.find_member(customer_id=people[0], program_id=world.program_id)
    assert member is not None
    world.earn(member, points=100)
    words = {"subject": "{{ left }} points", "body": "x"}
    node = call("send_email", world.program_id, **words, variables={"left": "{{account.points_balance}}"})
    # At the later instant the expiry has not run: the points still lie in the account, and no burn takes them.
    for at in (now, now + timedelta(days=40)):
        action("send_email").perform_set(node, rows(people), now=at)
        while delivery.send_due(channel="email", now=at).claimed:
            pass
    assert sorted(str(mail["Subject"]) for mail in post.mails()) == ["0 points", "100 points"]
