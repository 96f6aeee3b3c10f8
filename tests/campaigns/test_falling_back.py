"""Channels that stand in for each other: at once where one cannot be used, later where nothing arrived in time."""

import uuid
from datetime import datetime

import pytest

from loyalty.campaigns import api
from loyalty.campaigns.models import CampaignExecution
from loyalty.customers.models import Consent, Customer
from loyalty.foundation.events import api as events
from tests.campaigns.facts import Purchase
from tests.campaigns.scene import CONTENT, later, make_campaign, make_segment, trigger, work_off
from tests.delivery.post import Post, make_customers

pytestmark = pytest.mark.django_db
BOTH = {**CONTENT, "in_app": {"title": "Hello", "body": "News"}}


def agree(customers: list[uuid.UUID], now: datetime) -> None:
    """Have customers agree to marketing in the app."""
    for one in Customer.objects.filter(public_id__in=customers):
        Consent.objects.create(
            customer=one, channel="in_app", purpose="marketing", is_granted=True, source="tests", changed_at=now
        )


def by_app(campaign: uuid.UUID) -> set[str]:
    """Give whose message went into the app's inbox."""
    rows = CampaignExecution.objects.filter(campaign_ref=campaign, channel="in_app")
    return set(rows.values_list("customer_ref", flat=True))


def test_fallback__unreachable_and_late__go_on_to_the_next(post: Post, now: datetime) -> None:
    (ada,) = make_customers(["Ada"], now)
    (dan,) = make_customers(["Dan"], now, has_address=False, prefix="a")
    agree([ada, dan], now)
    campaign = make_campaign(
        now,
        segment=make_segment(now, [ada, dan]),
        channels=("email", "in_app"),
        content=BOTH,
        fallback={"when": "undelivered", "minutes": 60},
    )
    answer = trigger(campaign, now).answer
    assert (answer["audience"], answer["channels"]) == (2, {"email": 1, "in_app": 1})
    work_off(now)
    api.fire_due(now=later(now, minutes=30))
    assert by_app(campaign) == {"a-0"}
    api.fire_due(now=later(now, minutes=61))
    api.fire_due(now=later(now, minutes=62))
    assert by_app(campaign) == {"a-0", "c-0"}


def test_look_back__a_purchase_of_before__is_answered_at_the_activation_once(post: Post, now: datetime) -> None:
    (ada,) = make_customers(["Ada"], now)
    fact, at = Purchase(amount="5"), later(now, hours=-5)
    events.publish(fact, key=str(ada), subject_kind="customer", subject_ref=str(ada), occurred_at=at)
    work_off(now)
    waits = {"kind": "event", "event_type": "customer.purchase", "look_back_hours": 24}
    make_campaign(now, segment=make_segment(now, [ada]), trigger=waits)
    work_off(now)
    assert len(post.mails()) == 1
