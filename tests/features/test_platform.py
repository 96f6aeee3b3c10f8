"""The platform's own facts: what points, tiers and campaigns know, for one customer and for sets."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from sqlalchemy import Uuid, column, select, table

from loyalty.delivery.models import Content, Message, Send
from loyalty.features import api
from loyalty.features.kinds import platform
from loyalty.features.registry import find_platform_facts, list_platform_facts
from loyalty.foundation.orm import sql, statements
from loyalty.foundation.rules import api as rules
from loyalty.foundation.rules.contracts import FieldType
from tests.points.world import World, make_world

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PEOPLE = table("asked_people", column("customer_id", Uuid()))
GROUPS = ("points", "tier", "messages")


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    """A program, without a warehouse and a BSS."""
    cache.clear()
    monkeypatch.setattr(settings, "DWH_POSTGRESQL_URL", "")
    monkeypatch.setattr(settings, "XIVA_API_BASE_URL", "")
    return make_world(NOW)


def facts_of(customer_id: uuid.UUID, now: datetime = NOW) -> dict[str, Any]:
    """Give the platform facts of a customer."""
    names = [one.name for group in GROUPS for one in known(group).fields]
    return dict(api.get_feature_set(customer_id, now=now, fields=names).values)


def known(group: str) -> api.PlatformFacts:
    """Give a group that is registered."""
    found = find_platform_facts(group)
    assert found is not None
    return found


def send(customer_id: uuid.UUID, at: datetime, **more: Any) -> None:
    """Note a message that was sent to a customer."""
    internal = sql.fetch_one("SELECT customer_id FROM customers_directory WHERE public_id = %s", [customer_id])
    assert internal is not None
    content, _ = Content.objects.get_or_create(digest=b"1" * 32, channel="email", parts={})
    message = Message.objects.create(
        occurrence_key=uuid.uuid4().hex,
        channel="email",
        purpose="marketing",
        content=content,
        source_kind="campaign",
        source_ref=uuid.uuid4(),
        priority=0,
        is_test=more.pop("is_test", False),
    )
    Send.objects.create(
        message=message,
        source_ref=message.source_ref,
        customer_id=internal["customer_id"],
        channel="email",
        priority=0,
        state="SENT",
        queued_at=at,
        sent_at=at,
        **more,
    )


def test_member__who_earned__balance_tier_and_lifetime(world: World) -> None:
    member = world.member()
    world.earn(member, points=150)
    world.burn(member, 40)
    facts = facts_of(member.customer_id)
    assert (facts["points_balance"], facts["points_lifetime"], facts["points_redeemed"]) == (110, 150, 40)
    assert facts["points_moved_at"] is not None
    assert (facts["account_count"], facts["tier_code"], facts["tier_level"]) == (1, "BRONZE", 1)
    world.earn(member, points=10)
    assert facts_of(member.customer_id)["points_balance"] == 120


def test_stranger__no_row_anywhere__counts_are_nought_and_the_rest_unknown(world: World) -> None:
    facts = facts_of(world.customer())
    assert (facts["account_count"], facts["messages_sent_30d"]) == (0, 0)
    assert (facts["points_balance"], facts["tier_code"], facts["last_contacted_at"]) == (None, None, None)


def test_messages__within_thirty_days_of_the_moment_asked__count(world: World) -> None:
    customer_id = world.customer()
    send(customer_id, NOW - timedelta(days=40), opened_at=NOW - timedelta(days=2))
    send(customer_id, NOW - timedelta(days=30), clicked_at=NOW - timedelta(days=29))
    send(customer_id, NOW - timedelta(days=1))
    send(customer_id, NOW - timedelta(hours=1), is_test=True)
    send(customer_id, NOW + timedelta(days=1))
    facts = facts_of(customer_id)
    counted = [facts[f"messages_{what}_30d"] for what in ("sent", "opened", "clicked")]
    assert (counted, facts["last_contacted_at"]) == ([1, 1, 1], NOW - timedelta(days=1))
    assert facts_of(customer_id, NOW + timedelta(days=60))["messages_sent_30d"] == 0


def test_sets_and_singles__every_group__say_the_same(world: World) -> None:
    ids = [world.member().customer_id, world.customer(), uuid.uuid4()]
    send(ids[1], NOW - timedelta(days=3), opened_at=NOW)
    sql.execute("CREATE TEMP TABLE asked_people (customer_id uuid)")
    sql.execute("INSERT INTO asked_people SELECT unnest(%s::uuid[])", [ids])
    for group in GROUPS:
        relation = api.platform_relation(group, now=NOW)
        rows = select(PEOPLE.c.customer_id, *relation.columns.values()).select_from(
            PEOPLE.outerjoin(relation.selectable, PEOPLE.c.customer_id == relation.key)
        )
        in_sets = {row[0]: dict(zip(relation.columns, row[1:], strict=True)) for row in statements.fetch_all(rows)}
        singles = platform.ask(ids, list(relation.columns), now=NOW)
        assert in_sets == {one: dict(facts.values) for one, facts in singles.items()}


def test_rule__over_platform_facts__one_meaning_for_one_and_for_sets(world: World) -> None:
    rich, poor = world.member(), world.member()
    world.earn(rich, points=600)
    rule = rules.check({">": [{"var": "points_balance"}, 500]}, api.schema(), expects="boolean")
    assert api.field_origins()["points_balance"] == api.FieldOrigin(api.Origin.PLATFORM, "points")
    relation = api.platform_relation("points", now=NOW)
    chosen = select(relation.key).where(rules.compile_predicate(rule, relation.columns, now=NOW))
    assert statements.fetch_all(chosen) == [(rich.customer_id,)]
    for member, answer in ((rich, True), (poor, False)):
        values = api.get_feature_set(member.customer_id, now=NOW, fields=rules.uses_fields(rule)).values
        assert rules.evaluate(rule, values, now=NOW) is answer


def test_catalogue__without_a_warehouse__has_the_platforms_fields_with_their_words(world: World) -> None:
    fields = {one.name: one for one in api.list_fields()}
    balance = fields["points_balance"]
    assert (balance.data_source, balance.group, balance.is_live, balance.unit) == ("platform", "points", True, "points")
    assert balance.null_meaning == "The customer is a member of no program."
    assert not fields["messages_sent_30d"].is_nullable


def test_registering__what_cannot_be_meant__is_refused() -> None:
    one = api.PlatformField("points_balance", FieldType.INTEGER, "Again")
    with pytest.raises(ValueError, match="another group"):
        api.register_platform_facts(api.PlatformFacts("again", "some_view", (one,)))
    with pytest.raises(ValueError, match="Two groups"):
        api.register_platform_facts(api.PlatformFacts("points", "some_view", (one,)))
    with pytest.raises(ValueError, match="cannot be used"):
        api.register_platform_facts(api.PlatformFacts("new", "view; DROP TABLE x", (one,)))
    with pytest.raises(api.PlatformFactsUnknown):
        api.platform_relation("none", now=NOW)
    assert {group.group for group in list_platform_facts()} >= set(GROUPS)
