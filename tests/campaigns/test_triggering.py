"""Triggering: one fan-out per occurrence, the first answer for ever, and what pausing and ending do."""

import threading
from datetime import datetime

import pytest
from django.db import connections

from loyalty.campaigns import api
from loyalty.campaigns.models import CampaignExecution, Conversion, Occurrence
from loyalty.campaigns.operations import fan_out
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events import api as events
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.work.models import Run
from tests.campaigns.facts import Purchase
from tests.campaigns.scene import (
    ACTOR,
    executions,
    later,
    make_audience,
    make_campaign,
    trigger,
    work_off,
)
from tests.delivery.post import Post, left_out, make_customers

RACERS = 16
EXCLUDED = left_out(no_consent=1, no_address=1)


@pytest.mark.django_db
def test_trigger__by_hand__mails_those_who_may_be_mailed_and_says_why_not_the_others(post: Post, now: datetime) -> None:
    campaign = make_campaign(now, segment=make_audience(now))
    outcome = trigger(campaign, now)
    assert outcome.is_new
    assert (outcome.answer["audience"], outcome.answer["excluded"]) == (2, EXCLUDED)
    assert outcome.answer["run"]["status"] == "PENDING"
    work_off(now)
    assert len(post.mails()) == 2
    assert executions(campaign) == {("SENT", ""): 2, ("SKIPPED", "no_consent"): 1, ("SKIPPED", "no_address"): 1}
    run = Run.objects.get()
    assert (run.status, run.result) == (
        "SUCCEEDED",
        {"occurrence": "o-1", "queued": 2, "excluded": EXCLUDED},
    )
    assert PublishedEvent.objects.filter(type="campaign.triggered").count() == 1
    assert AuditEntry.objects.filter(act="campaigns.trigger").count() == 1


@pytest.mark.django_db
def test_trigger__same_occurrence__gives_the_first_answer_and_sends_nothing(post: Post, now: datetime) -> None:
    campaign = make_campaign(now, segment=make_audience(now))
    first = trigger(campaign, now)
    work_off(now)
    make_customers(["Eve"], now, prefix="late")
    again = trigger(campaign, later(now, days=1))
    work_off(later(now, days=1))
    assert (again.is_new, dict(again.answer)) == (False, dict(first.answer))
    assert len(post.mails()) == 2


@pytest.mark.django_db
def test_trigger__without_a_name__is_a_new_occurrence_each_time(post: Post, now: datetime) -> None:
    campaign = make_campaign(now, segment=make_audience(now))
    assert trigger(campaign, now, None).answer["occurrence"] != trigger(campaign, now, None).answer["occurrence"]
    work_off(now)
    assert len(post.mails()) == 4


@pytest.mark.django_db(transaction=True)
def test_trigger__many_at_once__is_one_fan_out(post: Post, now: datetime) -> None:
    campaign = make_campaign(now, segment=make_audience(now))
    barrier = threading.Barrier(RACERS)
    answers: list[api.TriggerOutcome] = []

    def race() -> None:
        try:
            barrier.wait(timeout=30)
            answers.append(trigger(campaign, now))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=race) for _ in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(answers) == RACERS
    assert sum(one.is_new for one in answers) == 1
    assert {str(one.answer) for one in answers} == {str(answers[0].answer)}
    work_off(now)
    assert (Occurrence.objects.count(), Run.objects.count(), len(post.mails())) == (1, 1, 2)


@pytest.mark.django_db
def test_trigger__content_changed_before_the_run__sends_what_stood_when_it_began(post: Post, now: datetime) -> None:
    campaign = make_campaign(now, segment=make_audience(now))
    trigger(campaign, now)
    changed = {"email": {"subject": "Changed", "body": "b"}}
    api.change(campaign_id=campaign, changes={"content": changed}, actor=ACTOR, now=now)
    work_off(now)
    assert {mail["Subject"] for mail in post.mails()} == {"Hi Ada", "Hi Bob"}


@pytest.mark.django_db
def test_pause__before_the_run__holds_and_resume_sends_once(post: Post, now: datetime) -> None:
    campaign = make_campaign(now, segment=make_audience(now))
    trigger(campaign, now)
    api.pause(campaign_id=campaign, actor=ACTOR, now=now)
    work_off(now)
    assert post.mails() == []
    assert executions(campaign)[("QUEUED", "")] == 2
    api.activate(campaign_id=campaign, actor=ACTOR, now=now)
    work_off(now)
    work_off(later(now, days=1))
    assert len(post.mails()) == 2


@pytest.mark.django_db
def test_end__queued__is_dropped_with_the_reason(post: Post, now: datetime) -> None:
    campaign = make_campaign(now, segment=make_audience(now))
    trigger(campaign, now)
    occurrence = Occurrence.objects.get()
    while fan_out.place_next(occurrence, now=now) is not None:
        pass
    api.end(campaign_id=campaign, actor=ACTOR, now=now)
    work_off(now)
    assert post.mails() == []
    assert executions(campaign)[("SKIPPED", "campaign.ended")] == 2


@pytest.mark.django_db
@pytest.mark.parametrize("is_paused", [True, False])
def test_trigger__not_active__is_refused(now: datetime, is_paused: bool) -> None:
    campaign = make_campaign(now, is_active=is_paused)
    if is_paused:
        api.pause(campaign_id=campaign, actor=ACTOR, now=now)
    with pytest.raises(api.CampaignNotActive):
        trigger(campaign, now)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", "x" * 201, "a\nb", " a"])
def test_trigger__unfit_occurrence__is_refused(now: datetime, name: str) -> None:
    with pytest.raises(api.OccurrenceInvalid):
        trigger(make_campaign(now), now, name)


@pytest.mark.django_db
def test_trigger__no_segment_and_no_program__means_everyone(post: Post, now: datetime) -> None:
    make_audience(now)
    make_customers(["Eve"], now, prefix="e")
    assert trigger(make_campaign(now), now).answer["audience"] == 3


@pytest.mark.django_db
def test_performance__after_clicks_and_purchases__counts_each_customer_once(post: Post, now: datetime) -> None:
    campaign = make_campaign(now, segment=make_audience(now))
    trigger(campaign, now)
    work_off(now)
    customer = str(CampaignExecution.objects.filter(status="SENT").first().customer_public_id)  # type: ignore[union-attr]
    for span in ({"days": 1}, {"days": 2}):
        purchase(customer, later(now, **span))
    work_off(later(now, days=2))
    figures = api.performance_of(campaign)
    assert (figures["total_sent"], figures["converted"], figures["conversion_rate"]) == (2, 1, 0.5)
    assert (figures["skipped"], figures["excluded"], figures["failed"], figures["queued"]) == (0, EXCLUDED, 0, 0)
    assert Conversion.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("days", [-1, 7, 8])
def test_performance__purchase_outside_of_the_window__is_no_conversion(post: Post, now: datetime, days: int) -> None:
    campaign = make_campaign(now, segment=make_audience(now))
    trigger(campaign, now)
    work_off(now)
    customer = str(CampaignExecution.objects.filter(status="SENT").first().customer_public_id)  # type: ignore[union-attr]
    purchase(customer, later(now, days=days))
    work_off(later(now, days=10))
    assert api.performance_of(campaign)["converted"] == 0


def purchase(customer: str, at: datetime) -> None:
    """Publish a purchase of a customer."""
    events.publish(Purchase(amount="150"), key=customer, subject_kind="customer", subject_ref=customer, occurred_at=at)
