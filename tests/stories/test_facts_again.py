"""Facts that come twice, and facts that come in another order, to every handler that is registered."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid5

import pytest
from django.db import transaction

from loyalty.customers import api as customers
from loyalty.foundation.events import api as events
from loyalty.foundation.events import registry
from loyalty.foundation.events.contracts import Envelope, Subscription
from loyalty.foundation.events.models import InboxEntry
from loyalty.foundation.events.operations import read_envelope
from loyalty.foundation.kernel import clock
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work
from loyalty.points import api as points
from loyalty.programs import api as programs
from tests.campaigns.scene import make_campaign, trigger
from tests.delivery.post import make_customers
from tests.points.facts import A_TENTH, rule
from tests.points.world import ACTOR, World, make_world

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAMES = UUID("0190c0de-0000-7000-8000-00000000f00d")
# So many orders in the suite; ``LOYALTY_PROOF_ORDERS=200`` draws more.
ORDERS = int(os.environ.get("LOYALTY_PROOF_ORDERS", "3"))
PUBLISH = """
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
    VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb)
"""
ENVELOPES = """
    SELECT jsonb_build_object('id', s.event_id, 'type', s.type, 'version', s.version, 'key', s.key,
        'subject_kind', s.subject_kind, 'subject_ref', s.subject_ref, 'occurred_at', s.occurred_at,
        'recorded_at', s.recorded_at, 'correlation_id', s.correlation_id, 'causation_id', s.causation_id,
        'data', s.data)::text AS envelope FROM events_stored s WHERE s.type = ANY (%s) ORDER BY s.position
"""
TABLES = """
    SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind = 'r' AND NOT c.relname ^@ 'events_' AND NOT c.relname ^@ 'django_'
    ORDER BY 1
"""
# What a business sees of all that happened, without the ids and instants that differ from run to run.
STATE = {
    "points": """
        SELECT d.customer_ref, la.wallet, la.status, la.points_posted, la.points_available
        FROM ledger_account_summary la JOIN programs_membership pm ON pm.account_id = la.account_id
        JOIN customers_directory d ON d.customer_id = pm.customer_id
    """,
    "tiers": """
        SELECT d.customer_ref, pm.tier_code FROM programs_membership pm
        JOIN customers_directory d ON d.customer_id = pm.customer_id
    """,
    "days": """
        SELECT d.customer_ref, q.business_date, q.points, q.spend, q.purchases FROM tiers_qualifying_day q
        JOIN programs_membership pm ON pm.account_public_id = q.account_public_id
        JOIN customers_directory d ON d.customer_id = pm.customer_id
    """,
    "sends": """
        SELECT d.customer_ref, c.name, s.state, s.reason, count(*) AS sends FROM delivery_sends s
        JOIN customers_directory d ON d.customer_id = s.customer_id
        JOIN campaigns_directory c ON c.public_id = s.source_ref GROUP BY 1, 2, 3, 4
    """,
    "conversions": """
        SELECT d.customer_ref, c.name, v.is_attributed, v.is_measured, v.amount, v.converted_at, v.event_type
        FROM campaigns_conversion v
        JOIN customers_directory d ON d.customer_id = v.customer_id
        JOIN campaigns_directory c ON c.public_id = v.campaign_ref
    """,
    "consents": "SELECT d.customer_ref, k.channel, k.purpose, k.is_granted FROM customers_consent k "
    "JOIN customers_directory d ON d.customer_id = k.customer_id",
    "runs": "SELECT kind, status, count(*) AS runs FROM work_run GROUP BY 1, 2",
}


# Tiers that change nothing of an earn, and no member comes near a step by an earn that is taken back: what a multiplier
# gives, and whether a step was reached for a while, rightly depends on the order.
LADDER = tuple(
    programs.TierDocument(code=code, name=code.title(), min_points=points)
    for code, points in (("BRONZE", 0), ("SILVER", 60), ("GOLD", 5_000))
)


class Undo(Exception):
    """Takes a whole life back."""


@pytest.fixture(autouse=True)
def standing() -> Iterator[None]:
    """A clock that stands, so that no instant tells one run from another."""
    with clock.use(clock.FixedClock(NOON)):
        yield


def name_of(text: str) -> UUID:
    """Give the id of a fact by what it is, the same in each run."""
    return uuid5(NAMES, text)


def publish(kind: str, key: object, at: datetime, subject: str = "customer", **data: Any) -> None:
    """Publish a fact from outside."""
    ref = str(key)
    sql.execute(PUBLISH, [name_of(f"{kind} {ref} {at}"), kind, ref, subject, ref, at, json.dumps(data)])


def key_of(text: str) -> points.Key:
    """Make a key that is the same in each run."""
    return points.Key(scope="tests", key=text, request_hash=b"x".ljust(32, b"."))


def live(order: Random | None = None) -> None:
    """Have some members live with a program, a campaign for purchases and one for logins, until nothing is due.

    With an order the facts of outside are told in any order, and each round hands them on in any order that keeps the
    facts of one key for one handler.
    """
    world = make_world(
        NOON, earn_rule=None, earn_cap_daily=400, tiers=LADDER,
        earn_rules=(rule("base", A_TENTH), rule("login", 5, event_type="customer.login"),
                    rule("friend", 50, event_type="customer.referred")),
    )  # fmt: skip
    people = make_customers([f"N{number}" for number in range(9)], NOON)
    world.enroll([*people[:5], people[6]])
    programs.leave(program_id=world.program_id, customer_id=people[6], reason="moved", actor=ACTOR, now=NOON)
    make_campaign(NOON, name="Thanks", trigger={"kind": "event", "event_type": "customer.purchase"}, repeat_days=None)
    make_campaign(NOON, name="Welcome", trigger={"kind": "event", "event_type": "customer.login"})
    trigger(make_campaign(NOON, name="News"), NOON - timedelta(days=1))
    while work.execute_next(now=NOON):
        pass
    acts: list[Callable[[], None]] = [
        *told_from_outside(world, people), lambda: move_by_hand(world, people), lambda: merge_records(people),
    ]  # fmt: skip
    if order is not None:
        order.shuffle(acts)
    for act in acts:
        act()
    settle(order)


def told_from_outside(world: World, people: list[UUID]) -> list[Callable[[], None]]:
    """Give what other systems tell, each to be told by itself."""
    told: list[Callable[[], None]] = []

    def tell(kind: str, key: object, hours: int, subject: str = "customer", **data: Any) -> None:
        told.append(lambda: publish(kind, key, NOON - timedelta(hours=hours), subject, **data))

    for place, amount in enumerate(("50", "900", "3000", "20", "0.01", "2500")):
        tell("customer.purchase", people[place], 9 - place, event_id=f"p-{place}", amount=amount, currency="USD")
    tell("customer.purchase", people[0], 30, event_id="p-late", amount="1500", currency="USD")
    tell("customer.purchase", people[2], 2, event_id="p-capped", amount="5000", currency="USD")
    tell("customer.purchase", people[2], 1, event_id="p-full", amount="400", currency="USD")
    for place in (0, 3, 5):
        tell("customer.login", people[place], 3, event_id=f"l-{place}", channel="app")
    tell("customer.referred", people[4], 4, event_id="r-1", referrer_customer_id=str(people[1]))
    tell("customer.updated", people[0], 1, customer_id=str(people[0]), customer_ref="c-0", source="tests")
    tell("customer.features_changed", people[1], 1)
    tell("warehouse.features_changed", "warehouse", 1, subject="warehouse")
    tell("message.complained", people[6], 1, customer_id=str(people[6]), channel="email", send_id=str(people[6]))
    tell("program.changed", world.program_id, 1, subject="program", program_id=str(world.program_id),
         are_tiers_changed=True)  # fmt: skip
    return told


def move_by_hand(world: World, people: list[UUID]) -> None:
    """Take an earn back, give a few points and merge two accounts."""
    members = [points.find_member(customer_id=one, program_id=world.program_id) for one in people[:5]]
    first, third = (one for one in (members[1], members[3]) if one is not None)
    earned = world.earn(first, "100", key=key_of("e-1"), occurred_at=NOON - timedelta(hours=1))
    assert earned.transaction_id is not None
    points.reverse(
        request=points.ReverseRequest(
            transaction_id=earned.transaction_id, key=key_of("rev-1"), points=None, reason="returned", occurred_at=NOON
        ),
        actor=ACTOR, now=NOON,
    )  # fmt: skip
    world.earn(third, "200", key=key_of("e-2"), occurred_at=NOON - timedelta(hours=1))
    points.adjust(
        request=points.AdjustRequest(
            account_id=first.account_id, points_change=7, reason_code="goodwill", key=key_of("a-1")
        ),
        actor=ACTOR, now=NOON,
    )  # fmt: skip
    # Into one whose cap is not reached: what a full cap leaves of two accounts depends on which was merged when.
    points.merge_accounts(
        account_id=third.account_id, into_account_id=first.account_id, key=key_of("m-1"), reason="same person",
        actor=ACTOR, now=NOON,
    )  # fmt: skip


def merge_records(people: list[UUID]) -> None:
    """Find that two records are one person."""
    customers.merge(
        customer_id=people[7], into_id=people[8], confirmation="c-7", reason="same person", actor=ACTOR, now=NOON
    )


def settle(order: Random | None = None) -> None:
    """Relay and hand on until nothing is due; with an order the oldest first no more."""
    while True:
        made = 0
        while (told := events.relay(now=NOON))[0]:
            made += told[1]
        if order is not None and made:
            waiting = list(InboxEntry.objects.filter(state="PENDING").order_by("id"))
            for entry in waiting:
                entry.due_at = NOON - timedelta(seconds=order.randrange(10_000))
            InboxEntry.objects.bulk_update(waiting, ["due_at"])
        if not events.deliver_one(now=NOON):
            return


def state() -> dict[str, list[str]]:
    """Give what a business sees, in order."""
    return {name: sorted(str(list(row.values())) for row in sql.fetch_all(text)) for name, text in STATE.items()}


def every_row() -> dict[str, str]:
    """Give a fingerprint of each table but those of the bus itself."""
    prints = {}
    for table in sql.fetch_all(TABLES, []):
        text = "SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) AS print FROM {} t"
        prints[table["name"]] = sql.fetch_all(text.format(table["name"]))[0]["print"]
    return prints


def types_of(one: Subscription) -> list[str]:
    """Give the types that a handler is for, wanted just now or not."""
    return [one.event_type] if one.list_types is None else sorted(set(one.list_types()))


def facts_for(one: Subscription) -> list[Envelope]:
    """Give every fact of the types of a handler."""
    rows = sql.fetch_all(ENVELOPES, [types_of(one)])
    return [read_envelope(json.loads(row["envelope"])) for row in rows]


def lived(order: Random | None) -> dict[str, list[str]]:
    """Give what a business sees after such a life, which is then taken back."""
    seen: dict[str, list[str]] = {}
    with suppress(Undo), transaction.atomic():
        live(order)
        seen = state()
        raise Undo
    return seen


def test_every_handler__fed_each_of_its_facts_twice_more__changes_no_row_of_any_table() -> None:
    live()
    before = every_row()
    for one in registry.subscriptions():
        facts = facts_for(one)
        assert facts, f"{one.name} hears of nothing in this life: tell a fact of {types_of(one)} in it"
        for fact in [*facts, *reversed(facts)]:
            with transaction.atomic():
                one.handler(fact, now=NOON)
    settle()
    after = every_row()
    assert {name for name, print_ in after.items() if before[name] != print_} == set()


def test_facts__told_and_handed_on_in_another_order__leave_the_same_behind() -> None:
    expected = lived(None)
    assert all(expected.values()), [name for name, rows in expected.items() if not rows]
    for seed in range(ORDERS):
        found = lived(Random(seed))  # noqa: S311 - the order of a test
        differing = {name: sorted(set(found[name]) ^ set(rows)) for name, rows in expected.items()}
        assert not any(differing.values()), (seed, differing)
