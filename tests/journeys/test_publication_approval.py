"""Publishing over many people inside waits for others; what was approved is the draft that was read."""

import uuid
from datetime import datetime

import pytest

from loyalty.foundation.access.models import User
from loyalty.foundation.approvals import api as approvals
from loyalty.foundation.approvals.models import ApprovalRequest
from loyalty.foundation.kernel.actor import Actor
from loyalty.journeys import api
from loyalty.journeys.contracts import Fate
from loyalty.journeys.models import Journey
from tests.foundation.approvals.things import any_of, decide, make_user, put_under_approval
from tests.journeys.test_publishing import TWO, draft, inside, where


@pytest.fixture
def people(db: None) -> dict[str, User]:
    """Give who publishes and who decides; four people inside are too many."""
    put_under_approval(any_of("chief"), kind="journeys.publish", amount_from=4)
    return {"maker": make_user("maker", permissions=["journeys.*"]), "chief": make_user("chief", roles=["chief"])}


def ask(journey: uuid.UUID, people: dict[str, User], now: datetime) -> ApprovalRequest:
    """Ask for the publication of the draft over five people."""
    revision = Journey.objects.get(public_id=journey).revision
    plan, maker = api.Plan(Fate.MOVE, {"v": "u"}), people["maker"].as_actor()
    with pytest.raises(approvals.WaitsForApproval) as waits:
        api.publish(journey_id=journey, revision=revision, comment="why", plan=plan, actor=maker, now=now)
    assert waits.value.waiting.amount == 5
    return ApprovalRequest.objects.get()


def test_publish__over_many_people__waits_and_is_done_once(
    people: dict[str, User], now: datetime, actor: Actor
) -> None:
    journey, _ = inside(now, actor)
    draft(journey, TWO, actor, now)
    before = where()
    request = ask(journey, people, now)
    assert where() == before
    assert request.after["people"] == {"stay": 0, "move": 5, "exit": 0}
    assert decide(request, people["chief"], now=now).state == "EXECUTED"
    assert {version for version, _, _ in where().values()} == {2}


def test_publish__draft_saved_while_it_waits__voids_the_request(
    people: dict[str, User], now: datetime, actor: Actor
) -> None:
    journey, _ = inside(now, actor)
    draft(journey, TWO, actor, now)
    request = ask(journey, people, now)
    draft(journey, TWO, actor, now)
    with pytest.raises(Exception, match="has changed"):
        decide(request, people["chief"], now=now)
    assert {version for version, _, _ in where().values()} == {1}
