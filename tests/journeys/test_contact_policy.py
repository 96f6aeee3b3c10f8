"""Caps and quiet hours hold for everyone who lets something be said: campaigns by every trigger, journeys, the API."""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time

import pytest
from rest_framework.test import APIClient

from loyalty.campaigns import api as campaigns
from loyalty.delivery import api as delivery
from loyalty.delivery.models import Send
from tests.campaigns.facts import Purchase
from tests.campaigns.scene import ACTOR, later, make_campaign, make_segment, trigger, work_off
from tests.campaigns.test_events import ON_PURCHASE, publish
from tests.delivery.post import Post, make_customers, open_message
from tests.journeys.kinds.scene import action, call, rows

pytestmark = pytest.mark.django_db
WORDS = {"subject": "Hi", "body": "<p>Hello</p>"}
Producer = Callable[[Sequence[uuid.UUID], datetime, APIClient], None]


def by_hand(people: Sequence[uuid.UUID], at: datetime, client: APIClient) -> None:
    trigger(make_campaign(at, segment=make_segment(at, people)), at)


def by_the_api(people: Sequence[uuid.UUID], at: datetime, client: APIClient) -> None:
    made = make_campaign(at, segment=make_segment(at, people))
    assert client.post(f"/api/loyalty/v1/campaigns/{made}/trigger/", {"occurrence": "o"}).status_code == 202


def by_an_event(people: Sequence[uuid.UUID], at: datetime, client: APIClient) -> None:
    make_campaign(at, trigger=ON_PURCHASE)
    for one in people:
        publish(Purchase(amount="150"), one, at)


def by_the_clock(people: Sequence[uuid.UUID], at: datetime, client: APIClient) -> None:
    line = {"kind": "schedule", "cron": f"{at.minute} {at.hour} * * *", "timezone": "UTC"}
    make_campaign(later(at, hours=-1), segment=make_segment(at, people), trigger=line)
    assert campaigns.fire_due(now=at).fired == 1


def by_a_journeys_campaign(people: Sequence[uuid.UUID], at: datetime, client: APIClient) -> None:
    made = make_campaign(at, segment=make_segment(at, people))
    entries = [campaigns.NewEntry(key=str(one), customer_id=one) for one in people]
    campaigns.trigger_set(campaign_id=made, entries=entries, actor=ACTOR, now=at)


def by_a_journeys_mail(people: Sequence[uuid.UUID], at: datetime, client: APIClient) -> None:
    action("send_email").perform_set(call("send_email", **WORDS), rows(people), now=at)


PRODUCERS = [by_hand, by_the_api, by_an_event, by_the_clock, by_a_journeys_campaign, by_a_journeys_mail]


@pytest.fixture
def at() -> datetime:
    """Give the minute that runs; the API asks the clock itself."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


def put(at: datetime, *, caps: Sequence[delivery.ContactCap] = (), quiet: Sequence[delivery.QuietHours] = ()) -> None:
    """Put a contact policy in force."""
    delivery.save_policy(caps=caps, quiet_hours=quiet, holdout_percent=0, time_zone="UTC", actor=ACTOR, now=at)


@pytest.mark.parametrize("producer", PRODUCERS)
def test_cap__full_for_one_customer__leaves_that_one_out_whoever_asks(
    post: Post, at: datetime, admin_client: APIClient, producer: Producer
) -> None:
    before = later(at, hours=-3)
    put(before, caps=[delivery.ContactCap(sends_max=1, hours=24)])
    ada, bob = make_customers(["Ada", "Bob"], before)
    message = open_message(before)
    only_ada = delivery.Audience(
        "SELECT customer_id, public_id AS customer_public_id, NULL::jsonb AS variables FROM customers_directory "
        "WHERE public_id = %(ada)s", {"ada": ada},
    )  # fmt: skip
    delivery.enqueue_chunk(message_id=message.id, audience=only_ada, now=before)
    assert delivery.send_due(channel="email", now=before).sent == 1
    producer([ada, bob], at, admin_client)
    work_off(later(at, minutes=2))
    assert [str(mail["To"]) for mail in post.mails()] == ["c0@mail.test", "c1@mail.test"]
    told = Send.objects.exclude(message__public_id=message.id).order_by("customer_id")
    assert list(told.values_list("state", "reason")) == [("SKIPPED", "capped"), ("SENT", "")]


@pytest.mark.parametrize("producer", PRODUCERS)
def test_quiet_hours__running_now__hold_everybody_until_they_end_whoever_asks(
    post: Post, at: datetime, admin_client: APIClient, producer: Producer
) -> None:
    starts, ends = later(at, hours=-2), later(at, hours=2)
    put(at, quiet=[delivery.QuietHours(starts=of_day(starts), ends=of_day(ends))])
    people = make_customers(["Ada", "Bob"], later(at, hours=-3))
    producer(people, at, admin_client)
    for hours in (0.1, 1.9):
        work_off(later(at, hours=hours))
        assert post.mails() == []
    assert set(Send.objects.values_list("state", "due_at")) == {("QUEUED", ends)}
    work_off(ends)
    work_off(later(ends, hours=1))
    assert sorted(str(mail["To"]) for mail in post.mails()) == ["c0@mail.test", "c1@mail.test"]


def of_day(instant: datetime) -> time:
    """Give the time of an instant's day."""
    return instant.time()
