"""Facts answered in sets: a batch does what its facts do one after another, each once, whoever is killed meanwhile."""

import os
import signal
import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from loyalty.campaigns import api
from loyalty.campaigns.models import Campaign, Occurrence
from loyalty.campaigns.operations import answering
from loyalty.campaigns.queries import audience as audiences
from loyalty.customers.models import Consent, Customer
from loyalty.delivery import api as delivery
from loyalty.delivery.models import ContactPolicy, Message, Send
from loyalty.foundation.events import api as events
from loyalty.foundation.events.contracts import Envelope
from loyalty.foundation.events.models import InboxEntry, InboxState
from loyalty.foundation.orm import sql
from tests.campaigns.facts import UsageHigh
from tests.campaigns.scene import ACTOR, CONTENT, make_campaign, make_segment
from tests.delivery.post import make_customers
from tests.delivery.test_killed import address_of_database
from tests.points.world import make_world

NAMES = uuid.UUID("0190c0de-0000-7000-8000-0000000000fa")
FACTS = 60
PURCHASE, LOGIN, EARNED = "customer.purchase", "customer.login", "points.earned"
BOTH = {**CONTENT, "in_app": {"title": "Hi {{ first_name }}", "body": '{{ event_channel | "nothing" }}'}}
# What is left behind, without the ids and numbers that differ from run to run.
STATE = {
    "occurrences": """
        SELECT k.name, o.occurrence, o.trigger_kind, o.event_id, o.customer_ref, (o.plan - 'messages')::text AS plan,
            (o.answer - 'id')::text AS answer, o.answer ->> 'id' = o.public_id::text AS is_own, o.triggered_at,
            o.population, o.is_complete, o.falls_back_until
        FROM campaigns_occurrence o JOIN campaigns_campaign k ON k.id = o.campaign_id
    """,
    "messages": """
        SELECT m.occurrence_key, m.channel, m.purpose, c.parts::text AS parts, m.source_kind, m.source_ref, m.priority,
            m.is_test, m.is_complete, m.valid_until, m.program_ref,
            o.plan -> 'messages' ->> m.channel = m.public_id::text AS is_planned,
            (SELECT jsonb_object_agg(v.code, w.parts)::text FROM jsonb_each_text(m.variants) v (code, content)
                JOIN delivery_content w ON w.id = v.content::bigint) AS variants
        FROM delivery_message m JOIN delivery_content c ON c.id = m.content_id
        LEFT JOIN campaigns_occurrence o ON o.public_id = m.occurrence_ref
    """,
    "sends": """
        SELECT m.occurrence_key, s.channel, d.customer_ref, s.state, s.reason, s.variables::text AS variables,
            s.variant, s.priority, s.not_before, s.due_at, s.queued_at, s.ended_at, s.source_ref,
            row_number() OVER (PARTITION BY s.customer_id ORDER BY s.id) AS place
        FROM delivery_send s JOIN delivery_message m ON m.id = s.message_id
        JOIN customers_directory d ON d.customer_id = s.customer_id
    """,
    "facts": """
        SELECT e.type, e.version, e.key, e.subject_kind, e.subject_ref, e.occurred_at, e.correlation_id, e.causation_id,
            e.data::text AS data, row_number() OVER (PARTITION BY e.key ORDER BY e.id) AS place
        FROM events_tail e WHERE e.type = 'campaign.triggered'
    """,
    "marks": """
        SELECT k.name, b.customer_ref, b.is_met FROM campaigns_balancemark b
        JOIN campaigns_campaign k ON k.id = b.campaign_id
    """,
    "budgets": "SELECT scope, ref, amount, spent FROM delivery_messagebudget",
    "audited": "SELECT act, count(*) AS entries FROM audit_auditentry GROUP BY act",
}


class Undo(Exception):
    """Takes what was answered back."""


def named(text: str) -> uuid.UUID:
    """Give an id that is the same in each run."""
    return uuid.uuid5(NAMES, text)


def fact_of(number: int, kind: str, customer: object, at: datetime, **data: Any) -> Envelope:
    """Make a fact as the relay hands it on."""
    return Envelope(
        id=named(f"fact {number}"), type=kind, version=1, key=str(customer), subject_kind="customer",
        subject_ref=str(customer), occurred_at=at, recorded_at=at, correlation_id=None, causation_id=None, data=data,
    )  # fmt: skip


@pytest.fixture
def people(now: datetime) -> list[uuid.UUID]:
    """Customers with the same ids in each run: ten who may be mailed, one without consent, two without an address."""
    made = [
        *make_customers([f"N{number}" for number in range(10)], now),
        *make_customers(["Cid"], now, is_consented=False, prefix="n"),
        *make_customers(["Dan", "Eve"], now, has_address=False, prefix="a"),
    ]
    ids = [named(f"customer {number}") for number in range(len(made))]
    for one, new in zip(made, ids, strict=True):
        Customer.objects.filter(public_id=one).update(public_id=new)
    for customer in Customer.objects.filter(public_id__in=ids[6:-1]):
        Consent.objects.create(
            customer=customer, channel="in_app", purpose="marketing", is_granted=True, source="tests", changed_at=now
        )
    return ids


@pytest.fixture
def program(people: list[uuid.UUID], now: datetime) -> uuid.UUID:
    """A policy that refuses for every reason, and campaigns of every kind that answer facts; give the program."""
    delivery.save_policy(
        caps=[delivery.ContactCap(sends_max=1, hours=24)],
        quiet_hours=[delivery.QuietHours(starts=time(11), ends=time(13), channel="in_app")],
        holdout_percent=20,
        time_zone="UTC",
        actor=ACTOR,
        now=now,
    )
    ContactPolicy.objects.update(holdout_salt="salt")
    world = make_world(now)
    world.enroll(people[:9])
    some = make_segment(now, people[2:], "Some")
    left_out = make_segment(now, people[4:5], "Left out")
    gold = make_segment(now, people[5:8], "Gold")
    on_purchase = {"kind": "event", "event_type": PURCHASE}
    offers = ({"code": "gold", "title": "For gold", "segment": str(gold)}, {"code": "all", "title": "For all"})
    shown = {"email": {"subject": "{{ event_amount }} {{ campaign_name }}", "body": "<p>{{ event_channel | 'x' }}</p>"}}
    of_member = {"email": {"subject": "{{ points_balance | '0' }}", "body": "<p>{{ tier_name | 'none' }}</p>"}}
    given = {"email": {"subject": "{{ offer_title }}", "body": "<p>b</p>"}}
    bound = {"kind": "threshold", "measure": "points_balance", "operator": ">=", "value": 100}
    rule = {">": [{"var": "amount"}, 50]}
    kinds: dict[str, dict[str, Any]] = {
        "Plain": {"trigger": {**on_purchase, "filter": rule, "look_back_hours": 24}, "content": shown},
        "Arms": {
            "trigger": on_purchase, "segments": (some,), "excluded_segments": (left_out,), "control_percent": 30,
            "variants": ({"code": "a", "weight": 1}, {"code": "b", "weight": 2}), "offers": offers, "content": given,
            "repeat_days": 0,
        },
        "Instead": {
            "trigger": on_purchase, "channels": ("email", "in_app"), "content": BOTH,
            "fallback": {"when": "unreachable", "minutes": None},
        },
        "Later": {
            "trigger": {"kind": "event", "event_type": LOGIN}, "channels": ("email", "in_app"), "content": BOTH,
            "fallback": {"when": "unopened", "minutes": 30}, "valid_hours": 5, "budget_amount": Decimal(7),
            "repeat_days": 1, "purpose": "service",
        },
        "Member": {"trigger": on_purchase, "program": world.program_id, "content": of_member, "priority": 3},
        "Both": {"trigger": {"kind": "event", "event_type": LOGIN}, "channels": ("email", "in_app"), "content": BOTH,
                 "repeat_days": 1},
        "Rich": {"trigger": bound, "program": world.program_id, "content": of_member},
        "Off": {"trigger": on_purchase},
    }  # fmt: skip
    for name, changes in kinds.items():
        made = make_campaign(now, name=name, **changes)
        Campaign.objects.filter(public_id=made).update(public_id=named(name))
    api.pause(campaign_id=named("Off"), actor=ACTOR, now=now)
    # Two of the customers have had their mail of the day.
    begin_mails(people[8:10], now)
    return world.program_id


def begin_mails(customers: Sequence[uuid.UUID], now: datetime) -> None:
    """Let customers have been written to today."""
    news = make_campaign(now, name="News", segment=make_segment(now, customers, "Today"))
    api.trigger_set(campaign_id=news, entries=[api.NewEntry(str(one), one) for one in customers], actor=ACTOR, now=now)
    Send.objects.filter(source_ref=news).update(state="SENT", reason="", sent_at=now - timedelta(hours=1), due_at=None)


@pytest.fixture
def facts(people: list[uuid.UUID], program: uuid.UUID, now: datetime) -> list[Envelope]:
    """Facts about them, several about some, among them such as no campaign answers."""
    draw = Random(7)  # noqa: S311 - the facts of a test
    made: list[Envelope] = []
    balances = dict.fromkeys(people, 0)
    for number in range(FACTS):
        customer = draw.choice(people)
        kind = (PURCHASE, PURCHASE, LOGIN, EARNED)[number % 4]
        at = now - timedelta(hours=30 if number % 13 == 12 else number / 60)
        data: dict[str, Any] = {}
        if kind == PURCHASE:
            data = {"amount": draw.choice([10, 60, "nothing"]), **({"channel": "web"} if number % 3 else {})}
        if kind == EARNED:
            points = draw.choice([40, 70, -60])
            balances[customer] += points
            told = "points.burned" if points < 0 else EARNED
            data = {"points_amount": abs(points), "points_balance": balances[customer], "program_id": str(program)}
            made.append(fact_of(number, told, customer, at, **data))
            continue
        made.append(fact_of(number, kind, customer, at, **data))
    return [
        *made,
        fact_of(100, PURCHASE, people[0], now, amount=70, program_id=str(named("other"))),
        fact_of(101, PURCHASE, named("nobody"), now, amount=70),
        fact_of(102, PURCHASE, "no-customer", now, amount=70),
        fact_of(103, "customer.updated", people[0], now),
    ]


def answered(batches: Sequence[Sequence[Envelope]], now: datetime) -> tuple[int, dict[str, list[str]]]:
    """Give how many occurrences began, and what is left behind by the batches, which is then taken back."""
    fired, seen = 0, {}
    with suppress(Undo), transaction.atomic():
        fired = sum(api.fire_set(facts=batch, now=now) for batch in batches)
        seen = {name: sorted(str(list(row.values())) for row in sql.fetch_all(text)) for name, text in STATE.items()}
        raise Undo
    return fired, seen


def differing(one: dict[str, list[str]], other: dict[str, list[str]]) -> dict[str, list[str]]:
    """Give the rows that only one of two lives left behind."""
    found = {name: sorted(set(rows) ^ set(other[name])) for name, rows in one.items()}
    return {name: rows for name, rows in found.items() if rows or len(one[name]) != len(other[name])}


@pytest.mark.django_db
def test_batch__of_many_facts__leaves_the_same_rows_as_batches_of_one(facts: list[Envelope], now: datetime) -> None:
    fired, alone = answered([[fact] for fact in facts], now)
    assert fired == len(alone["occurrences"]) - 1 == len(alone["facts"]) - 1 > FACTS, "and the mail of before"
    assert {str(one) for one in Campaign.objects.exclude(name="Off").values_list("name", flat=True)} == {
        row.split("'")[1] for row in alone["occurrences"]
    }, "every campaign but the paused one answered something"
    reasons = {"no_consent", "holdout", "control", "repeated", "capped", "no_address"}
    assert all(any(f"'{reason}'" in row for row in alone["sends"]) for reason in reasons), "every reason was given"
    draw = Random(11)  # noqa: S311 - the cuts of a test
    cuts = sorted(draw.sample(range(1, len(facts)), 4))
    parts = [facts[start:end] for start, end in zip([0, *cuts], [*cuts, len(facts)], strict=True)]
    for batches in ([facts], parts, [facts, facts], [*parts, *([fact] for fact in facts)]):
        again, together = answered(batches, now)
        assert differing(alone, together) == {}
        assert again == fired


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["order", "repetition", "program"])
def test_batch__planted_fault__is_seen_by_the_comparison(
    facts: list[Envelope], now: datetime, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """A later fact goes first; an answer takes its own other channel for a repetition; other programs are heard."""
    _, alone = answered([[fact] for fact in facts], now)
    if fault == "order":
        in_rounds = answering.in_rounds
        monkeypatch.setattr(answering, "in_rounds", lambda told: in_rounds(list(told)[::-1]))
    elif fault == "repetition":
        monkeypatch.setattr(audiences, "REPEATED", audiences.REPEATED.replace("{own}", "NULL"))
    else:
        monkeypatch.setattr(answering, "_concerns", lambda campaign, fact: True)
    _, together = answered([facts], now)
    assert differing(alone, together), fault


CONVERSIONS = """
    SELECT k.name, d.customer_ref, v.event_id, v.event_type, v.converted_at, v.is_attributed, v.is_measured,
        v.amount::text AS amount, v.points_amount, m.occurrence_key
    FROM campaigns_conversion v JOIN campaigns_campaign k ON k.public_id = v.campaign_ref
    JOIN customers_directory d ON d.customer_id = v.customer_id
    JOIN delivery_send s ON s.id = v.send_id JOIN delivery_message m ON m.id = s.message_id
"""


def converted(batches: Sequence[Sequence[Envelope]], now: datetime) -> list[str]:
    """Give the conversions that the batches lead to, which are then taken back."""
    seen: list[str] = []
    with suppress(Undo), transaction.atomic():
        for batch in batches:
            api.convert_set(facts=batch, now=now)
        seen = sorted(str(list(row.values())) for row in sql.fetch_all(CONVERSIONS))
        raise Undo
    return seen


@pytest.mark.django_db
def test_conversions__of_many_facts__are_those_of_the_facts_one_after_another(
    facts: list[Envelope], now: datetime
) -> None:
    goal = {"event_type": LOGIN, "filter": None, "window_hours": 2}
    Campaign.objects.filter(name__in=("Plain", "Instead")).update(goal=goal)
    Campaign.objects.filter(name="Arms").update(
        goal={"event_type": PURCHASE, "window_hours": 48, "filter": {">": [{"var": "amount"}, 50]}}
    )
    api.fire_set(facts=facts, now=now - timedelta(hours=1))
    sent = Send.objects.filter(state="QUEUED", customer_id__in=Customer.objects.filter(customer_ref__startswith="c-"))
    sent.update(state="SENT", sent_at=now - timedelta(minutes=40), due_at=None)
    alone = converted([[fact] for fact in facts], now)
    assert len({row.split("'")[1] for row in alone}) > 4 and any("True" in row for row in alone)
    for batches in ([facts], [facts[:17], facts[17:40], facts[40:]], [facts, facts], [facts[30:], facts[:30]]):
        assert converted(batches, now) == alone


@pytest.mark.django_db
def test_batch__of_any_size__takes_the_same_number_of_statements(
    facts: list[Envelope], now: datetime, django_assert_max_num_queries: Any
) -> None:
    del facts
    new = make_customers([f"M{number}" for number in range(80)], now, prefix="m")
    told = [fact_of(1000 + place, LOGIN, customer, now) for place, customer in enumerate(new)]
    api.fire_set(facts=told[:1], now=now)
    with CaptureQueriesContext(connection) as few:
        api.fire_set(facts=told[1:3], now=now)
    with django_assert_max_num_queries(len(few)):
        assert api.fire_set(facts=told[3:], now=now) == 2 * len(told[3:])


def wait_for(people: list[uuid.UUID], now: datetime) -> None:
    """Have a campaign wait for a fact, and publish one about each of the people, two about the first."""
    make_campaign(now, trigger={"kind": "event", "event_type": UsageHigh.type})
    for customer in [*people, people[0]]:
        ref = str(customer)
        events.publish(UsageHigh(), key=ref, subject_kind="customer", subject_ref=ref, occurred_at=now)
    while events.relay(now=now)[0]:
        pass


def left_behind() -> tuple[int, int, int, int, dict[str, int]]:
    """Count occurrences, messages, sends, facts of both, and inbox rows of campaigns by state."""
    told = sql.fetch_one("SELECT count(*) AS facts FROM events_tail WHERE type = 'campaign.triggered'") or {}
    rows = InboxEntry.objects.filter(handler="campaigns.on_fact").values_list("state", flat=True)
    counts = (Occurrence.objects.count(), Message.objects.count(), Send.objects.count())
    return (*counts, int(told["facts"]), dict(Counter(rows)))


@pytest.mark.django_db
def test_inbox__facts_of_many_customers__are_taken_in_together_and_those_of_one_in_order(now: datetime) -> None:
    people = make_customers([f"N{number}" for number in range(12)], now)
    wait_for(people, now)
    assert [events.deliver_due(now=now) for _ in range(3)] == [12, 1, 0]
    assert left_behind() == (13, 13, 13, 13, {InboxState.DONE: 13})


@pytest.mark.django_db(transaction=True)
def test_inbox__two_workers_at_once__answer_each_fact_once(now: datetime) -> None:
    wait_for(make_customers([f"N{number}" for number in range(60)], now), now)
    faults: list[Exception] = []

    def work() -> None:
        try:
            while InboxEntry.objects.filter(state=InboxState.PENDING).exists():
                events.deliver_due(now=now, limit=7)
        except Exception as fault:  # told by the thread that asks
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert faults == []
    assert left_behind() == (61, 61, 61, 61, {InboxState.DONE: 61})


@pytest.mark.django_db(transaction=True)
def test_batches__of_the_same_facts_in_other_orders__at_once__never_wait_in_a_circle(now: datetime) -> None:
    """As a look-back brings them, in the order in which they happened, beside the relay."""
    people = make_customers([f"N{number}" for number in range(8)], now)
    make_campaign(now, trigger={"kind": "event", "event_type": PURCHASE})
    told = [fact_of(number, PURCHASE, people[number % 8], now, amount=5) for number in range(40)]
    fired: list[int] = []
    faults: list[Exception] = []

    def bring(batch: Sequence[Envelope]) -> None:
        try:
            fired.append(api.fire_set(facts=batch, now=now))
        except Exception as fault:  # told by the thread that asks
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=bring, args=[batch]) for batch in (told, told[::-1], told[20:] + told[:20])]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert faults == []
    assert sum(fired) == 40
    assert left_behind()[:4] == (40, 40, 40, 40)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", ["delivery.claimed", "delivery.handled", "delivery.marked", "delivery.committed"])
def test_inbox__worker_killed_in_a_batch__leaves_all_of_it_or_nothing(now: datetime, point: str) -> None:
    wait_for(make_customers([f"N{number}" for number in range(20)], now), now)
    worker = (
        "import django; django.setup(); from datetime import datetime; from loyalty.foundation.events import api; "
        f"api.deliver_due(now=datetime.fromisoformat('{now.isoformat()}'))"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "loyalty.config.settings.test",
        "DATABASE_URL": address_of_database(),
        "LOYALTY_FAILPOINT": f"{point}:1",
    }
    killed = subprocess.run([sys.executable, "-c", worker], env=environment, timeout=120, check=False)
    assert killed.returncode == -signal.SIGKILL
    # The database may notice only later that its client is gone, and keeps the rows that it claimed until then.
    sql.fetch_one(
        "SELECT count(pg_terminate_backend(pid, 60000)) AS ended FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    taken = 20 if point == "delivery.committed" else 0
    assert left_behind()[:4] == (taken,) * 4
    while events.deliver_due(now=now):
        pass
    assert left_behind() == (21, 21, 21, 21, {InboxState.DONE: 21})
