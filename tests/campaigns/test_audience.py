"""Who is meant and who gets what: segments and exclusions, arms, offers, repetition, the kept audience."""

import uuid
from collections import Counter
from datetime import UTC, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.campaigns import api
from loyalty.campaigns.contracts import Plan
from loyalty.campaigns.models import CampaignExecution, Occurrence
from loyalty.campaigns.operations import fan_out
from loyalty.campaigns.policy.arms import arm_of
from loyalty.campaigns.policy.incremental import Arm, effect_of, is_ratio_wrong
from loyalty.campaigns.queries import audience as audiences
from loyalty.customers.models import Customer
from loyalty.delivery import api as delivery
from loyalty.delivery.models import Message, Send
from loyalty.delivery.operations import enqueue
from loyalty.foundation.events import api as events
from loyalty.foundation.orm import sql
from loyalty.segments import api as segments
from loyalty.segments.models import Segment
from tests.campaigns.facts import Purchase
from tests.campaigns.scene import ACTOR, CONTENT, executions, later, make_campaign, make_segment, trigger, work_off
from tests.delivery.post import SOURCE, Post, make_customers, open_message

pytestmark = pytest.mark.django_db
OTHER = {"email": {"subject": "Other", "body": "<p>b</p>"}}
VARIANTS = ({"code": "a", "weight": 1}, {"code": "b", "weight": 1, "content": OTHER})


def placed(campaign: uuid.UUID) -> dict[str, tuple[str, str]]:
    """Give variant and reason of each customer's only execution."""
    rows = CampaignExecution.objects.filter(campaign_ref=campaign)
    return {row.customer_ref: (row.variant, row.reason) for row in rows}


def test_segments__several_without_one__mean_each_customer_once(post: Post, now: datetime) -> None:
    ada, bob, cid, dan = make_customers(["Ada", "Bob", "Cid", "Dan"], now)
    first, second = make_segment(now, [ada, bob, cid], "First"), make_segment(now, [cid, dan], "Second")
    campaign = make_campaign(now, segments=(first, second), excluded_segments=(make_segment(now, [bob], "Left out"),))
    assert api.preview(api.get_campaign(campaign), customer=None, now=now)["total"] == 3
    outcome = trigger(campaign, now)
    assert (outcome.answer["population"], outcome.answer["audience"]) == (3, 3)
    work_off(now)
    assert {mail["Subject"] for mail in post.mails()} == {"Hi Ada", "Hi Cid", "Hi Dan"}


def test_audience__segment_changed_after_the_trigger__is_as_it_was(post: Post, now: datetime) -> None:
    ada, bob = make_customers(["Ada", "Bob"], now)
    segment = make_segment(now, [ada])
    campaign = make_campaign(now, segment=segment)
    trigger(campaign, now)
    row = Segment.objects.get(public_id=segment)
    segments.add_members(segment=row, customer_ids=[bob], actor=ACTOR, now=now)
    segments.remove_member(segment=row, customer_id=ada, actor=ACTOR, now=now)
    work_off(now)
    assert [mail["Subject"] for mail in post.mails()] == ["Hi Ada"]


@given(control=st.integers(0, 50), weights=st.lists(st.integers(1, 1000), max_size=4), seed=st.integers(0, 2**64))
@settings(max_examples=25, deadline=None)
def test_arm__any_shares__is_the_same_in_python_and_in_sql(control: int, weights: list[int], seed: int) -> None:
    customers = [uuid.uuid5(uuid.NAMESPACE_OID, f"{seed}-{number}") for number in range(50)]
    Customer.objects.all().delete()
    Customer.objects.bulk_create(
        Customer(public_id=one, customer_ref=str(one), status="ACTIVE", source="tests") for one in customers
    )
    campaign = uuid.uuid5(uuid.NAMESPACE_OID, str(seed))
    variants = tuple({"code": f"v{place}", "weight": weight} for place, weight in enumerate(weights))
    plan = Plan(campaign=campaign, control_percent=control, variants=variants)
    audience = audiences.audience_of(plan, audiences.live(plan))
    rows = sql.fetch_all(f"SELECT * FROM ({audience.sql}) a", audience.params)
    for row in rows:
        arm = arm_of(row["customer_public_id"], str(campaign), control, weights)
        assert (row.get("refusal") == "control") == (arm == 0)
        if arm and weights:
            assert row["variant"] == f"v{arm - 1}"
        elif control:
            assert row["variant"] == ("" if arm else "control")
    assert len(rows) == len(customers)


def test_variants_and_control__one_statement__shares_and_contents(post: Post, now: datetime) -> None:
    members = make_customers([f"N{number}" for number in range(60)], now)
    campaign = make_campaign(now, segment=make_segment(now, members), variants=VARIANTS, control_percent=20)
    trigger(campaign, now)
    work_off(now)
    found = placed(campaign)
    expected = {f"c-{place}": arm_of(customer, str(campaign), 20, [1, 1]) for place, customer in enumerate(members)}
    told = {0: ("", "control"), 1: ("a", ""), 2: ("b", "")}
    assert {ref: (variant if reason == "" else "", reason) for ref, (variant, reason) in found.items()} == {
        ref: told[arm] for ref, arm in expected.items()
    }
    shown = Counter(mail["Subject"].partition(" ")[0] for mail in post.mails())
    assert shown == {"Hi": list(expected.values()).count(1), "Other": list(expected.values()).count(2)}
    trigger(campaign, later(now, days=1), "o-2")
    work_off(later(now, days=1))
    assert {row.customer_ref for row in CampaignExecution.objects.filter(reason="control")} == {
        ref for ref, arm in expected.items() if arm == 0
    }


def test_offers__by_rule__the_first_whose_segment_fits(post: Post, now: datetime) -> None:
    ada, bob = make_customers(["Ada", "Bob"], now)
    gold = make_segment(now, [ada], "Gold")
    content = {"email": {"subject": "{{ offer_title }}", "body": "<p>{{ offer_code }}</p>"}}
    offers = ({"code": "gold", "title": "For gold", "segment": str(gold)}, {"code": "all", "title": "For all"})
    campaign = make_campaign(now, segment=make_segment(now, [ada, bob]), content=content, offers=offers)
    trigger(campaign, now)
    work_off(now)
    assert {mail["To"]: mail["Subject"] for mail in post.mails()} == {
        "c0@mail.test": "For gold", "c1@mail.test": "For all",
    }  # fmt: skip
    assert [usage.name for usage in segments.list_usages(gold)] == ["News"]


@pytest.mark.parametrize(("days", "again"), [(None, 2), (0, 1), (3, 1), (1, 2)])
def test_repeat__two_days_later__only_when_it_may(post: Post, now: datetime, days: int | None, again: int) -> None:
    campaign = make_campaign(now, segment=make_segment(now, make_customers(["Ada"], now)), repeat_days=days)
    trigger(campaign, now)
    work_off(now)
    trigger(campaign, later(now, days=2), "o-2")
    work_off(later(now, days=2))
    assert len(post.mails()) == again
    assert CampaignExecution.objects.filter(reason="repeated").count() == 2 - again


def test_slices__of_a_wide_audience__are_whole_chunks_one_behind_the_other(now: datetime) -> None:
    campaign = make_campaign(now)
    trigger(campaign, now)
    occurrence = Occurrence.objects.get()
    sql.execute("DELETE FROM campaigns_audiencechunk")
    sql.execute(
        "INSERT INTO campaigns_audiencechunk SELECT %s, c, repeat('1', 2048)::bit(2048) FROM generate_series(0, 9) c",
        [occurrence.pk],
    )
    parts = fan_out.slices_of(occurrence, size=4_096)
    assert [(one.from_chunk, one.until_chunk, one.customers) for one in parts] == [
        (place, place + 2, 4_096) for place in range(0, 10, 2)
    ]


def test_neighbours__placed_in_one_stretch__get_what_each_gets_looked_up_alone(
    post: Post, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = make_customers([f"N{number}" for number in range(40)], now)
    silent = make_customers([f"S{number}" for number in range(5)], now, is_consented=False, prefix="s")
    nowhere = make_customers([f"A{number}" for number in range(5)], now, has_address=False, prefix="a")
    Customer.objects.filter(public_id__in=members[:20]).update(time_zone="Asia/Tokyo")
    delivery.suppress(
        channel="email", address="c3@mail.test", reason="manual", until=None, origin="tests", actor=ACTOR, now=now
    )
    # Noon is the evening in Tokyo.
    hours = delivery.QuietHours(starts=time(20), ends=time(7))
    delivery.save_policy(
        caps=[
            delivery.ContactCap(sends_max=1, hours=24, channel="email"),
            delivery.ContactCap(sends_max=2, hours=24 * 7, purpose="marketing"),
        ],
        quiet_hours=[hours], holdout_percent=20, time_zone="UTC", actor=ACTOR, now=now,
    )  # fmt: skip
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    # Eight had a mail an hour ago, eight others one two days ago, of whom four had another one.
    for occurrence, served, hours_ago in (
        ("a", members[4:12], 1),
        ("b", members[20:28], 48),
        ("c", members[20:24], 49),
    ):
        message = open_message(at, occurrence=occurrence)
        ids = list(Customer.objects.filter(public_id__in=served).values_list("pk", flat=True))
        for place, customer in enumerate(ids):
            Send.objects.create(
                message_id=Message.objects.get(public_id=message.id).pk, source_ref=SOURCE, customer_id=customer,
                channel="email", priority=5, state="SENDING" if hours_ago == 1 and not place else "SENT",
                queued_at=at, sent_at=later(at, hours=-hours_ago),
            )  # fmt: skip
    meant = make_segment(now, [*members, *silent, *nowhere])
    campaign = make_campaign(now, segment=meant, variants=VARIANTS, control_percent=20)
    found: dict[int, list[tuple[int, str, str, datetime | None]]] = {}
    told: dict[int, tuple[int, dict[str, int]]] = {}
    for dense in (0, 1_000_000):
        monkeypatch.setattr(audiences, "DENSE", dense)
        answer = trigger(campaign, at, f"o-{dense}").answer
        row = Occurrence.objects.get(public_id=answer["id"])
        told[dense] = answer["audience"], answer["excluded"]
        for one in fan_out.slices_of(row):
            base = audiences.kept(row.pk, one.from_chunk, one.until_chunk, customers=one.customers)
            assert (base.stretch is not None) == (dense > 0)
        while fan_out.place_next(row, now=at) is not None:
            pass
        sends = Send.objects.filter(message__occurrence_ref=row.public_id).order_by("customer_id")
        found[dense] = list(sends.values_list("customer_id", "variant", "reason", "due_at"))
        assert len({send.public_id for send in sends}) == 50
        assert all(send.public_id.version == 7 and send.public_id.variant == uuid.RFC_4122 for send in sends)
    assert found[0] == found[1_000_000]
    assert told[0] == told[1_000_000], "they are counted as they are placed"
    assert told[0][0] == sum(reason in ("", delivery.Hold.QUIET_HOURS) for _, _, reason, _ in found[0])
    reasons = Counter(reason for _, _, reason, _ in found[0])
    assert len(found[0]) == 50 and {"", "no_consent", "holdout", "control", "capped"} <= set(reasons)
    assert len({due for _, _, _, due in found[0]}) == 3


def test_neighbours__some_of_them_placed_before__keep_their_rows(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audiences, "DENSE", 1_000_000)
    campaign = make_campaign(now, segment=make_segment(now, make_customers([f"N{n}" for n in range(9)], now)))
    row = Occurrence.objects.get(public_id=trigger(campaign, now).answer["id"])
    fan_out.place_next(row, now=now)
    first = list(Send.objects.order_by("pk").values_list("pk", "public_id"))
    Send.objects.filter(pk__in=[pk for pk, _ in first[:4]]).delete()
    row.slices.update(placed=None)
    fan_out.place_next(row, now=now)
    after = list(Send.objects.order_by("pk").values_list("pk", "public_id"))
    assert after[:5] == first[4:]
    assert len(after) == 9


def test_neighbours__ids_of_their_rows__lie_side_by_side_unless_somebody_drew_one_meanwhile(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audiences, "DENSE", 1_000_000)
    segment = make_segment(now, make_customers([f"N{number}" for number in range(9)], now))
    for draw, is_drawn in ((enqueue.DRAW, True), ("SELECT NULL AS first, %(from)s, %(until)s", False)):
        monkeypatch.setattr(enqueue, "DRAW", draw)
        campaign = make_campaign(now, segment=segment)
        row = Occurrence.objects.get(public_id=trigger(campaign, now).answer["id"])
        assert fan_out.place_next(row, now=now) is not None
        placed = list(Send.objects.filter(source_ref=campaign).values_list("pk", "customer_id"))
        assert len(placed) == len({pk for pk, _ in placed}) == 9
        assert not is_drawn or len({pk - customer for pk, customer in placed}) == 1
    newest = Send.objects.order_by("-pk").values_list("pk", flat=True)[0]
    first, second = ((sql.fetch_one("SELECT delivery_draw_ids(3) AS first") or {})["first"] for _ in range(2))
    assert newest < first == second - 3


def test_abort__half_way__drops_what_waits_and_places_nobody_else(post: Post, now: datetime) -> None:
    campaign = make_campaign(now, segment=make_segment(now, make_customers(["Ada", "Bob"], now)))
    occurrence = uuid.UUID(trigger(campaign, now).answer["id"])
    api.abort(campaign_id=campaign, occurrence_id=occurrence, actor=ACTOR, now=now)
    work_off(now)
    assert (post.mails(), Send.objects.count()) == ([], 0)
    second = uuid.UUID(trigger(campaign, now, "o-2").answer["id"])
    row = Occurrence.objects.get(public_id=second)
    while fan_out.place_next(row, now=now) is not None:
        pass
    assert api.abort(campaign_id=campaign, occurrence_id=second, actor=ACTOR, now=now) == 2
    assert api.abort(campaign_id=campaign, occurrence_id=second, actor=ACTOR, now=now) == 0
    work_off(now)
    assert executions(campaign) == {("SKIPPED", "campaign.aborted"): 2}


def test_trigger__more_than_were_counted__begins_nothing(now: datetime) -> None:
    campaign = make_campaign(now, segment=make_segment(now, make_customers(["Ada", "Bob"], now)))
    with pytest.raises(api.AudienceGrew):
        api.trigger(
            campaign_id=campaign, occurrence="o-1", cause=api.Cause("manual"), actor=ACTOR, now=now, audience_max=1
        )
    assert Occurrence.objects.count() == 0


def test_seeds__each_occurrence__get_a_copy_that_counts_nowhere(post: Post, now: datetime) -> None:
    seeds = ("watch@khaywe.test",)
    campaign = make_campaign(now, segment=make_segment(now, make_customers(["Ada"], now)), seeds=seeds)
    trigger(campaign, now)
    work_off(now)
    assert sorted(mail["To"] for mail in post.mails()) == ["c0@mail.test", "watch@khaywe.test"]
    assert api.performance_of(campaign)["total_sent"] == 1


def test_seeds__of_several_channels__each_goes_by_those_of_its_address(post: Post, now: datetime) -> None:
    (ada, me) = make_customers(["Ada", "Me"], now)
    content = {**CONTENT, "in_app": {"title": "T", "body": "B"}}
    seeds, segment = ("watch@khaywe.test", str(me)), make_segment(now, [ada])
    campaign = make_campaign(now, seeds=seeds, segment=segment, channels=("email", "in_app"), content=content)
    trigger(campaign, now)
    seeded = Send.objects.filter(message__is_test=True).values_list("channel", "address")
    assert sorted(seeded) == [("email", "watch@khaywe.test"), ("in_app", str(me))]


def test_seeds__of_no_channel_of_the_campaign__are_refused(now: datetime) -> None:
    content = {"in_app": {"title": "T", "body": "B"}}
    with pytest.raises(api.SettingsInvalid) as refused:
        make_campaign(now, channels=("in_app",), content=content, seeds=("watch@khaywe.test",))
    assert [(one.field, one.code) for one in refused.value.problems] == [("seeds.0", "campaign.address_invalid")]


def test_set__keys_of_its_own__once_each_with_values_and_reasons(post: Post, now: datetime) -> None:
    ada, bob = make_customers(["Ada", "Bob"], now)
    (cid,) = make_customers(["Cid"], now, is_consented=False, prefix="n")
    campaign = make_campaign(now, segment=make_segment(now))
    entries = [
        api.NewEntry("j:1", ada), api.NewEntry("j:2", bob), api.NewEntry("j:3", ada), api.NewEntry("j:4", cid),
        api.NewEntry("j:5", uuid.uuid4()),
    ]  # fmt: skip
    told = api.trigger_set(campaign_id=campaign, entries=entries, actor=ACTOR, now=now)
    assert told == {
        "j:1": "queued", "j:2": "queued", "j:3": "queued", "j:4": "no_consent", "j:5": "unknown_customer",
    }  # fmt: skip
    again = api.trigger_set(campaign_id=campaign, entries=entries, actor=ACTOR, now=now)
    assert set(again.values()) == {"repeated_key"}
    work_off(now)
    assert sorted(mail["Subject"] for mail in post.mails()) == ["Hi Ada", "Hi Ada", "Hi Bob"]


def test_effect__known_figures__is_newcombes() -> None:
    # Newcombe 1998, table II, example (a): 56/70 against 48/80 gives 0.0524 to 0.3339 by method 10.
    effect = effect_of(Arm(70, 56), Arm(80, 48), 50)
    assert effect is not None
    assert (round(effect.low, 4), round(effect.high, 4)) == (0.0524, 0.3339)
    assert effect.is_significant
    assert effect_of(Arm(5, 1), Arm(0, 0), 10) is None
    assert is_ratio_wrong(9_000, 500, 10)
    assert not is_ratio_wrong(9_000, 1_000, 10)


def test_performance__against_the_control_group__counts_both_arms(post: Post, now: datetime) -> None:
    members = make_customers([f"N{number}" for number in range(40)], now)
    goal = {"event_type": "customer.purchase", "window_hours": 48, "filter": {">": [{"var": "amount"}, 10]}}
    campaign = make_campaign(now, segment=make_segment(now, members), control_percent=30, goal=goal)
    trigger(campaign, now)
    work_off(now)
    held = [one for one in members if arm_of(one, str(campaign), 30, []) == 0]
    sent = [one for one in members if one not in held]
    buy(sent[:3], "25.50", later(now, hours=1))
    buy(sent[3:5], "5", later(now, hours=1))
    buy(sent[5:6], "90", later(now, hours=72))
    buy(held[:1], "12", later(now, hours=2))
    work_off(later(now, hours=80))
    told = api.performance_of(campaign)
    assert (told["converted"], told["revenue"], told["total_sent"]) == (3, "76.50", len(sent))
    assert told["incremental"]["treated"]["converted"] == 3
    assert told["incremental"]["control"] == {
        "customers": len(held), "converted": 1, "rate": round(1 / len(held), 6),
    }  # fmt: skip
    by_day = [one for one in told["breakdown"] if one["dimension"] == "day"]
    assert [(one["value"], one["total_sent"]) for one in by_day] == [(now.date().isoformat(), len(sent))]
    assert [row[0] for row in api.rows_of(told)] == ["dimension", "total", "channel", "day", *["variant"] * 2]
    assert [one["value"] for one in told["breakdown"] if one["dimension"] == "variant"] == ["(none)", "control"]


def buy(customers: list[uuid.UUID], amount: str, at: datetime) -> None:
    """Have customers buy something."""
    for one in customers:
        fact = Purchase(amount=amount)
        events.publish(fact, key=str(one), subject_kind="customer", subject_ref=str(one), occurred_at=at)
