"""Activating a campaign above an audience size waits for others; so does what would let it grow afterwards."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from loyalty.campaigns import api
from loyalty.campaigns.models import Campaign
from loyalty.foundation.access.models import User
from loyalty.foundation.approvals import api as approvals
from loyalty.foundation.approvals.models import ApprovalRequest
from tests.campaigns.scene import CONTENT, SCHEDULE, make_audience, make_campaign, make_segment
from tests.foundation.approvals.things import any_of, decide, make_user, put_under_approval

KIND = "campaigns.activate"


@pytest.fixture
def people(db: None) -> dict[str, User]:
    """Give who activates and who decides; three customers are too many."""
    put_under_approval(any_of("chief"), kind=KIND, amount_from=3)
    return {"maker": make_user("maker", permissions=["campaigns.*"]), "chief": make_user("chief", roles=["chief"])}


def status(campaign: Any) -> str:
    """Give where a campaign stands."""
    return str(Campaign.objects.get(public_id=campaign).status)


def test_activate__a_large_audience__waits_and_is_done_once(people: dict[str, User], now: datetime) -> None:
    campaign = make_campaign(now, is_active=False, segment=make_audience(now))
    with pytest.raises(approvals.WaitsForApproval) as waits:
        api.activate(campaign_id=campaign, actor=people["maker"].as_actor(), now=now)
    assert (waits.value.waiting.amount, status(campaign)) == (4, "DRAFT")
    request = ApprovalRequest.objects.get()
    assert (request.before["status"], request.after["status"], request.after["audience"]) == ("DRAFT", "ACTIVE", 4)
    assert decide(request, people["chief"], now=now).state == "EXECUTED"
    assert status(campaign) == "ACTIVE"


def test_activate__a_small_audience__is_done_at_once(people: dict[str, User], now: datetime) -> None:
    campaign = make_campaign(now, is_active=False, segment=make_segment(now))
    api.activate(campaign_id=campaign, actor=people["maker"].as_actor(), now=now)
    assert status(campaign) == "ACTIVE"


def test_create__active_at_once__keeps_a_draft_that_waits(people: dict[str, User], now: datetime) -> None:
    new = api.NewCampaign(
        name="News", trigger=SCHEDULE, channels=("email",), content=CONTENT, segment=make_audience(now)
    )
    with pytest.raises(approvals.WaitsForApproval):
        api.create(new=new, is_active=True, actor=people["maker"].as_actor(), now=now)
    campaign = Campaign.objects.get()
    assert campaign.status == "DRAFT"
    decide(ApprovalRequest.objects.get(), people["chief"], now=now)
    assert status(campaign.public_id) == "ACTIVE"


def test_change__while_it_waits__voids_the_request(people: dict[str, User], now: datetime) -> None:
    campaign = make_campaign(now, is_active=False, segment=make_audience(now))
    with pytest.raises(approvals.WaitsForApproval):
        api.activate(campaign_id=campaign, actor=people["maker"].as_actor(), now=now)
    api.change(campaign_id=campaign, changes={"name": "Other"}, actor=people["maker"].as_actor(), now=now)
    with pytest.raises(Exception, match="has changed"):
        decide(ApprovalRequest.objects.get(), people["chief"], now=now)
    assert (ApprovalRequest.objects.get().state, status(campaign)) == ("VOIDED", "DRAFT")


def test_change__that_lets_an_active_one_grow__is_refused(people: dict[str, User], now: datetime) -> None:
    campaign = make_campaign(now, is_active=False, segment=make_segment(now, name="Few"))
    api.activate(campaign_id=campaign, actor=people["maker"].as_actor(), now=now)
    large = make_audience(now)
    with pytest.raises(approvals.ApprovalRequired):
        api.change(campaign_id=campaign, changes={"segment": large}, actor=people["maker"].as_actor(), now=now)
    assert large not in Campaign.objects.get().segment_refs
    assert ApprovalRequest.objects.count() == 0


def test_change__that_lets_a_scheduled_one_grow__is_refused(people: dict[str, User], now: datetime) -> None:
    maker = people["maker"].as_actor()
    few = make_segment(now, name="Few")
    campaign = make_campaign(now, is_active=False, segment=few, starts_at=now + timedelta(days=1))
    api.activate(campaign_id=campaign, actor=maker, now=now)
    assert status(campaign) == "SCHEDULED"
    with pytest.raises(approvals.ApprovalRequired):
        api.change(campaign_id=campaign, changes={"segment": make_audience(now)}, actor=maker, now=now)
    assert Campaign.objects.get().segment_refs == [few]
