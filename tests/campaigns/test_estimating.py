"""What a campaign would do before it does it: budgets among the reasons, samples of many, progress that is kept."""

import uuid
from datetime import datetime, time
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from loyalty.campaigns import api
from loyalty.campaigns.queries import occurrences, sizing
from loyalty.delivery import api as delivery
from loyalty.delivery.contracts import ChannelCode
from loyalty.delivery.models import MessageBudget, Send
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work
from tests.campaigns.scene import ACTOR, CONTENT, make_audience, make_campaign, make_segment, trigger, work_off
from tests.delivery.post import Post, left_out, make_customers
from tests.delivery.test_budgets import budget, price
from tests.points.world import make_world

pytestmark = pytest.mark.django_db
URL = "/api/loyalty/v1/campaigns/"


def test_preview__budget_for_one__says_whom_no_budget_pays(post: Post, admin_client: APIClient, now: datetime) -> None:
    price(now, email="1")
    segment = make_audience(now)
    campaign = make_campaign(now, segments=(segment,), budget_amount=Decimal("1.50"))
    place = f"{URL}{campaign}/preview/"
    shown = admin_client.get(place).json()
    assert (shown["audience"], shown["channels"], shown["is_estimated"]) == (1, {"email": 1}, False)
    assert shown["excluded"] == left_out(no_consent=1, no_address=1, budget=1)
    asked = {"segments": [str(segment)], "channels": ["email"], "budget_amount": "1.50", "campaign": str(campaign)}
    told = admin_client.post(f"{URL}estimate/", asked).json()
    assert (told["audience"], told["excluded"]) == (1, shown["excluded"])
    dear = admin_client.post(f"{URL}estimate/", {**asked, "budget_amount": "3", "units": {"email": 2}}).json()
    assert (dear["audience"], dear["excluded"]["budget"]) == (2, 0)
    answer = trigger(campaign, now).answer
    assert (answer["audience"], answer["excluded"]) == (1, shown["excluded"])
    work_off(now)
    assert Send.objects.filter(reason="budget").count() == 1
    # What is spent is spent: nobody more is paid for, and the verdict on one customer says so.
    verdict = admin_client.post(place, {"customer_ref": "c-0"}).json()["verdict"]
    assert verdict == {"is_meant": True, "reasons": {"email": "budget"}, "waits": {"email": None}}


def test_budget__taken_from_a_campaign__bounds_it_no_more(post: Post, now: datetime) -> None:
    price(now, email="1")
    campaign = make_campaign(now, segments=(make_audience(now),), budget_amount=Decimal("1.50"))
    trigger(campaign, now)
    work_off(now)
    assert Send.objects.filter(reason="budget").count() == 1

    api.change(campaign_id=campaign, changes={"budget_amount": None}, actor=ACTOR, now=now)

    assert trigger(campaign, now, "o-2").answer["audience"] == 2
    work_off(now)
    assert Send.objects.filter(state="SENT").count() == 3
    assert not MessageBudget.objects.exists()


def test_trigger__month_used_up__tells_it_beforehand(post: Post, now: datetime) -> None:
    price(now, email="1")
    budget(now, "0.5")
    campaign = make_campaign(now, segments=(make_audience(now),))
    answer = trigger(campaign, now).answer
    assert (answer["audience"], answer["excluded"]["budget"], answer["population"]) == (0, 2, 4)


def estimated(now: datetime, **given: Any) -> dict[str, Any]:
    """Estimate a draft that goes by mail."""
    return api.estimate({"channels": ["email"], **given}, campaign_id=None, now=now)


# The next key that is given begins a chunk of 2,048: wherever the sequence stood, no group lies across two of them.
NEXT_CHUNK = """
    SELECT setval(s.name, ((nextval(s.name) >> 11) + 1) << 11, false)
    FROM (SELECT pg_get_serial_sequence('customers_customer', 'id') AS name) s
"""


def far_apart(now: datetime, groups: int) -> list[uuid.UUID]:
    """Make groups of eight customers, one of them without consent, each group in a chunk of its own."""
    people = []
    for group in range(groups):
        sql.fetch_one(NEXT_CHUNK)
        names = [f"N{number}" for number in range(7)]
        people += make_customers(names, now, prefix=f"y{group}")
        people += make_customers(["No"], now, is_consented=False, prefix=f"n{group}")
    return people


@pytest.mark.parametrize("of", ["everyone", "program", "segment", "segments"])
def test_estimate__of_many__looks_at_some_and_says_so(of: str, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    people = far_apart(now, 12)
    left, right = make_segment(now, people[:56]), make_segment(now, people[40:], "Right")
    world = make_world(now)
    world.enroll(people)
    given: dict[str, dict[str, Any]] = {
        "everyone": {},
        "program": {"program": world.program_id},
        "segment": {"segments": [make_segment(now, people, "All")]},
        "segments": {"segments": [left, right]},
    }
    exact = estimated(now, **given[of])
    assert (exact["total"], exact["audience"], exact["is_estimated"]) == (96, 84, False)
    monkeypatch.setattr(sizing, "EXACT_MAX", 50)
    monkeypatch.setattr(sizing, "SAMPLE_CUSTOMERS", 32)
    told = estimated(now, **given[of])
    assert told["is_estimated"]
    # Every group is made alike, so the sample tells the shares exactly.
    assert (told["total"], told["audience"], told["excluded"]["no_consent"]) == (96, 84, 12)


@pytest.mark.parametrize("of", ["everyone", "program", "segments"])
def test_estimate__of_many_without_some__counts_those_who_are_left(
    of: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = far_apart(now, 8)
    every_second = make_segment(now, people[::2], "Half")
    world = make_world(now)
    world.enroll(people)
    given: dict[str, dict[str, Any]] = {
        "everyone": {},
        "program": {"program": world.program_id},
        "segments": {"segments": [make_segment(now, people, "All")]},
    }
    monkeypatch.setattr(sizing, "EXACT_MAX", 20)
    monkeypatch.setattr(sizing, "SAMPLE_CUSTOMERS", 16)
    told = estimated(now, **given[of], excluded_segments=[every_second])
    assert (told["total"], told["is_estimated"]) == (32, True)
    assert told["audience"] + told["excluded"]["no_consent"] == 32


def test_progress__of_many__is_counted_once_in_a_while(
    post: Post, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(occurrences, "KEPT_FROM", 4)
    cache.clear()
    campaign = make_campaign(now, segments=(make_audience(now),))
    answer = trigger(campaign, now).answer
    occurrence = uuid.UUID(answer["id"])

    def seen() -> dict[str, int]:
        """Ask how far it is."""
        return api.progress_of(campaign, [occurrence])[occurrence]

    assert seen()["placed"] == 0, "less than is kept"
    while work.execute_next(now=now):
        pass
    first = seen()
    assert (first["placed"], first["waiting"], first["left_out"]) == (4, 2, 2)
    work_off(now)
    assert seen() == first, "kept for some seconds"
    cache.delete(f"campaigns:progress:{occurrence}")
    assert (seen()["sent"], seen()["waiting"]) == (2, 0)


def test_progress__cache_away__is_counted_each_time(post: Post, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OSError("no cache")

    monkeypatch.setattr(occurrences, "KEPT_FROM", 1)
    monkeypatch.setattr(cache, "get_many", away)
    monkeypatch.setattr(cache, "set", away)
    campaign = make_campaign(now, segments=(make_audience(now),))
    occurrence = uuid.UUID(trigger(campaign, now).answer["id"])
    work_off(now)
    assert api.progress_of(campaign, [occurrence])[occurrence]["sent"] == 2


def test_progress__in_quiet_hours__tells_how_many_wait_for_their_end(post: Post, now: datetime) -> None:
    night = delivery.QuietHours(starts=time(0), ends=time(23, 59))
    policy: dict[str, Any] = {"caps": [], "holdout_percent": 0, "time_zone": "UTC", "actor": ACTOR, "now": now}
    delivery.save_policy(quiet_hours=[night], **policy)
    campaign = make_campaign(now, segments=(make_audience(now),))
    occurrence = uuid.UUID(trigger(campaign, now).answer["id"])
    work_off(now)
    held = api.progress_of(campaign, [occurrence])[occurrence]
    assert (held["waiting"], held["quiet"], held["sent"]) == (2, 2, 0)
    delivery.save_policy(quiet_hours=[], **policy)
    delivery.replan_held(now=now)
    work_off(now)
    sent = api.progress_of(campaign, [occurrence])[occurrence]
    assert (sent["waiting"], sent["quiet"], sent["sent"]) == (0, 0, 2)


def test_preview__of_one_customer__says_until_when_quiet_hours_would_hold_the_message(
    post: Post, admin_client: APIClient, now: datetime
) -> None:
    campaign = make_campaign(now, segments=(make_audience(now),))
    place = f"{URL}{campaign}/preview/"
    asked = {"customer_ref": "c-0"}
    assert admin_client.post(place, asked).json()["verdict"]["waits"] == {"email": None}
    hours = {"starts": "00:00", "ends": "23:59"}
    policy = {"caps": [], "quiet_hours": [hours], "holdout_percent": 0, "time_zone": "UTC"}
    admin_client.put("/api/loyalty/v1/contactPolicy/", policy, format="json", headers={"If-Match": "*"})
    verdict = admin_client.post(place, asked).json()["verdict"]
    assert (verdict["is_meant"], verdict["reasons"]) == (True, {"email": ""})
    until = datetime.fromisoformat(verdict["waits"]["email"])
    assert (until.hour, until.minute, until > now) == (23, 59, True)
    refused = admin_client.post(place, {"customer_ref": "n-0"}).json()["verdict"]
    assert (refused["reasons"], refused["waits"]) == ({"email": "no_consent"}, {"email": None})


def test_test_send__of_a_campaign_for_the_inbox__goes_to_the_channels_that_have_such_an_address(
    post: Post, admin_client: APIClient, now: datetime
) -> None:
    content = {**CONTENT, "in_app": {"title": "T", "body": "B"}}
    campaign = make_campaign(now, segments=(make_audience(now),), channels=("email", "in_app"), content=content)
    place = f"{URL}{campaign}/test-send/"
    mailed = admin_client.post(place, {"to": "me@operator.test"})
    assert (mailed.status_code, mailed.json()["channels"]) == (202, ["email"])
    (me,) = make_customers(["Me"], now, prefix="me")
    shown = admin_client.post(place, {"to": str(me)})
    assert (shown.status_code, shown.json()["channels"]) == (202, ["in_app"])
    refused = admin_client.post(place, {"to": "me"})
    assert (refused.status_code, refused.json()["code"]) == (400, "campaign.address_invalid")
    assert refused.json()["errors"][0]["message"] == "This is not an e-mail address or the id of a customer."
    assert sorted(Send.objects.values_list("channel", flat=True)) == ["email", "in_app"]


def test_estimate__of_every_channel__is_counted(admin_client: APIClient, now: datetime) -> None:
    channels = [channel.value for channel in ChannelCode]
    told = admin_client.post(f"{URL}estimate/", {"segments": [str(make_audience(now))], "channels": channels})
    assert (told.status_code, told.json()["channels"]["in_app"]) == (200, 0)
    again = admin_client.post(f"{URL}estimate/", {"channels": [*channels, "email"]})
    assert again.status_code == 400
