"""The figures of a campaign: they add up, each line has a name, and whoever follows one finds as many customers."""

import csv
import io
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.campaigns import api
from loyalty.campaigns.policy.arms import arm_of
from loyalty.delivery.models import Send
from loyalty.foundation.events import api as events
from loyalty.foundation.orm import sql
from tests.campaigns.scene import later, make_campaign, make_segment, trigger, work_off
from tests.campaigns.test_audience import buy
from tests.campaigns.test_balances import take_back
from tests.delivery.post import Post, make_customers
from tests.points.world import make_world

pytestmark = pytest.mark.django_db
URL = "/api/loyalty/v1/campaigns/"
EXECUTIONS = "/api/loyalty/v1/campaignExecutions/"
VARIANTS = ({"code": "a", "weight": 2}, {"code": "b", "weight": 1})
FILTERS = {"channel": "channel", "variant": "variant", "day": "sent_on"}
STAGES = {
    "placed": "", "total_sent": "sent", "delivered": "delivered", "opened": "opened", "clicked": "clicked",
    "unsubscribed": "unsubscribed",
}  # fmt: skip


@pytest.fixture
def told(post: Post, admin_client: APIClient, now: datetime) -> dict[str, Any]:
    """A campaign in a zone east of Greenwich, sent late on its day, with arms, people without consent, and answers."""
    world = make_world(now, timezone="Asia/Beirut")
    members = [
        *make_customers([f"N{number}" for number in range(50)], now),
        *make_customers([f"C{number}" for number in range(20)], now, is_consented=False, prefix="n"),
    ]
    at = now.replace(hour=22, minute=30)
    segment = make_segment(now, members)
    campaign = make_campaign(
        now, segment=segment, program=world.program_id, variants=VARIANTS, control_percent=30, name="=1+1 ünï"
    )
    trigger(campaign, at)
    work_off(at)
    Send.objects.filter(source_ref=campaign).update(delivered_at=None)
    sent = Send.objects.filter(source_ref=campaign, sent_at__isnull=False).order_by("id")
    # Images tell of an open where no receipt ever came.
    answers = (("opened_at",), ("opened_at", "clicked_at"), ("delivered_at",), ("unsubscribed_at",))
    for place, fields in enumerate(answers):
        Send.objects.filter(pk=sent[place].pk).update(**dict.fromkeys(fields, at))
    trigger(campaign, later(at, hours=20), "o-2")
    work_off(later(at, hours=20))
    arms = Counter(arm_of(one, str(campaign), 30, [2, 1]) for one in members)
    return {"id": campaign, "arms": arms, **admin_client.get(f"{URL}{campaign}/performance/").json()}


def test_figures__of_each_dimension__add_up_to_the_total(told: dict[str, Any]) -> None:
    for dimension in FILTERS:
        rows = [one for one in told["breakdown"] if one["dimension"] == dimension]
        for measure in (*STAGES, "failed", "unknown", "queued"):
            assert sum(one[measure] for one in rows) == told[measure], (dimension, measure)
    by_variant = {one["value"]: one["placed"] for one in told["breakdown"] if one["dimension"] == "variant"}
    assert by_variant == {name: 2 * told["arms"][arm] for arm, name in enumerate(("control", "a", "b"))}


def test_figures__followed_to_the_customers__are_as_many(told: dict[str, Any], admin_client: APIClient) -> None:
    assert len({one["value"] for one in told["breakdown"] if one["dimension"] == "day"}) == 1, "one day in Beirut"
    for line in [{"dimension": "", **told}, *told["breakdown"]]:
        narrowed = {FILTERS[line["dimension"]]: line["value"]} if line["dimension"] else {}
        for measure, stage in STAGES.items():
            asked = {"campaign": told["id"], **narrowed, **({"stage": stage} if stage else {})}
            assert admin_client.get(EXECUTIONS, asked).json()["count"] == line[measure], (narrowed, measure)


def test_file__of_the_figures__names_every_line_and_no_cell_is_a_formula(
    told: dict[str, Any], admin_client: APIClient
) -> None:
    answer = admin_client.get(f"{URL}{told['id']}/performance-file/")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [one["dimension"] for one in rows if not one["value"]] == ["total"]
    assert not [cell for one in rows for cell in one.values() if cell[:1] in tuple("=+-@\t\r")]
    total, lines = rows[0], rows[1:]
    for dimension in FILTERS:
        of_it = [one for one in lines if one["dimension"] == dimension]
        for measure in ("placed", "total_sent", "left_out", "queued"):
            assert sum(int(one[measure]) for one in of_it) == int(total[measure]), (dimension, measure)


def test_figures__of_before_there_were_variants__have_a_name_too(
    post: Post, admin_client: APIClient, now: datetime
) -> None:
    campaign = make_campaign(now, segment=make_segment(now, make_customers([f"N{one}" for one in range(9)], now)))
    trigger(campaign, now)
    work_off(now)
    told = api.performance_of(campaign)
    lines = [one for one in told["breakdown"] if one["dimension"] == "variant"]
    assert [(one["value"], one["placed"]) for one in lines] == [("(none)", 9)]
    asked = {"campaign": str(campaign), "variant": "(none)"}
    assert admin_client.get(EXECUTIONS, asked).json()["count"] == 9
    # As rows of the control group were kept before its code was.
    Send.objects.filter(pk=Send.objects.earliest("id").pk).update(state="SKIPPED", reason="control")
    assert admin_client.get(EXECUTIONS, {**asked, "variant": "control"}).json()["count"] == 1
    assert admin_client.get(EXECUTIONS, asked).json()["count"] == 8


def test_points__that_a_purchase_earned__are_what_it_cost_less_what_was_taken_back(
    post: Post, admin_client: APIClient, now: datetime
) -> None:
    world = make_world(now)
    (ada,) = make_customers(["Ada"], now)
    world.enroll([ada])
    goal = {"event_type": "customer.purchase", "window_hours": 48}
    campaign = make_campaign(now, program=world.program_id, goal=goal)
    trigger(campaign, now)
    work_off(now)
    buy([ada], "200", later(now, hours=1))
    # What is heard first publishes what is heard next.
    work_off(later(now, hours=1))
    work_off(later(now, hours=1))
    earned = sql.fetch_one("SELECT public_id, occurred_at FROM ledger_transaction WHERE kind = 'earn'")
    assert earned is not None
    told = api.performance_of(campaign)
    assert (told["converted"], told["revenue"], told["points"]) == (1, "200.00", 20)
    assert [one["points"] for one in told["breakdown"]] == [20] * 3
    # The same facts once more change nothing.
    events.replay_facts(handler="campaigns.convert_on_fact", since=now, key="", now=later(now, hours=2))
    work_off(later(now, hours=2))
    assert api.performance_of(campaign)["points"] == 20
    take_back(world, earned["public_id"])
    work_off(later(now, hours=3))
    assert api.performance_of(campaign)["points"] == 0
