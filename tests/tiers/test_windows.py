"""Members through time: windows, effect, validity, grace, soft landing, warnings; through events and the daily run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from loyalty.foundation.events import api as events
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel import clock
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work
from loyalty.foundation.work.models import Run
from loyalty.points import api as points
from loyalty.programs import api as programs
from loyalty.tiers import api
from loyalty.tiers.models import MemberState, QualifyingDay, SettledDay, TierChange
from loyalty.tiers.operations.settling import settle_day
from tests.points.world import ACTOR, LADDER, World, key, make_world

BERLIN = ZoneInfo("Europe/Berlin")
YEARLY = programs.TierPolicyPlan(window=programs.TierWindow.CALENDAR_YEAR)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def deliver(now: datetime) -> None:
    """Relay and handle until nothing is due."""
    while events.relay(now=now)[0] or events.deliver_one(now=now):
        pass


def world_with(policy: programs.TierPolicyPlan, **more: Any) -> World:
    """Make a world with Bronze from 0, Silver from 100, Gold from 500."""
    return make_world(NOON, tier_policy=policy, **more)


def at(world: World, now: datetime) -> World:
    """Give the same world at another instant."""
    return World(world.program_id, now)


def settle(world: World) -> dict[str, Any]:
    """Let the doorbell ring and the worker work; give the result of the run."""
    with standing_clock(world.now):
        api.settle_due(actor=ACTOR, now=world.now)
        work.execute_next(now=world.now)
        deliver(world.now)
    run = Run.objects.order_by("-id")[0]
    assert run.status == "SUCCEEDED", run.error
    return dict(run.result or {})


@contextmanager
def standing_clock(now: datetime) -> Iterator[None]:
    """Let the clock stand at an instant."""
    with clock.use(clock.FixedClock(now)):
        yield


def tier_of(member: points.MemberFacts) -> str | None:
    """Give the code of a member's tier."""
    return programs.get_membership_of_account(member.account_id).tier_code


def facts(kind: str) -> list[dict[str, Any]]:
    """Give the facts of a type, oldest first."""
    return [fact.data for fact in PublishedEvent.objects.filter(type=kind).order_by("recorded_at")]


def earn(world: World, member: points.MemberFacts, number: int, **more: Any) -> points.EarnReceipt:
    """Earn points and let everybody hear of it."""
    receipt = world.earn(member, points=number, **more)
    deliver(world.now)
    return receipt


@pytest.mark.django_db
def test_year__turned__takes_the_tier_that_was_valid_for_its_rest() -> None:
    world = world_with(YEARLY)
    member = world.member()
    earn(world, member, 600)
    assert tier_of(member) == "GOLD"
    settle(at(world, datetime(2026, 12, 31, 22, 59, tzinfo=UTC)))
    assert tier_of(member) == "GOLD", "the year ends at midnight in Berlin"
    settle(at(world, datetime(2026, 12, 31, 23, 1, tzinfo=UTC)))
    assert tier_of(member) == "BRONZE"
    change = TierChange.objects.order_by("-id")[0]
    assert (change.reason, change.direction) == ("not_kept", "DOWN")
    assert change.effective_at == datetime(2027, 1, 1, tzinfo=BERLIN)
    assert facts("tier.downgraded") == facts("customer.tier_downgrade")
    assert facts("tier.downgraded")[0]["to_tier"] == "BRONZE"


@pytest.mark.django_db
def test_burn_and_expiry__before_the_year_ends__take_nothing_from_what_counts() -> None:
    world = world_with(YEARLY)
    member = world.member()
    earn(world, member, 600)
    world.burn(member, 600)
    deliver(world.now)
    settle(at(world, NOON + timedelta(days=5)))
    assert tier_of(member) == "GOLD"
    assert QualifyingDay.objects.get().points == 600


@pytest.mark.django_db
def test_validity__rest_plus_next__keeps_the_tier_another_year() -> None:
    world = world_with(replace(YEARLY, validity=programs.TierValidity.REST_PLUS_NEXT))
    member = world.member()
    earn(world, member, 600)
    settle(at(world, datetime(2027, 1, 1, 12, tzinfo=UTC)))
    settle(at(world, datetime(2027, 12, 31, 12, tzinfo=UTC)))
    assert tier_of(member) == "GOLD"
    settle(at(world, datetime(2028, 1, 1, 12, tzinfo=UTC)))
    assert tier_of(member) == "BRONZE"


@pytest.mark.django_db
def test_soft_landing__grace_over__falls_one_step_a_year() -> None:
    policy = replace(YEARLY, downgrade=programs.TierDowngrade.ONE_STEP, grace_days=31)
    world = world_with(policy)
    member = world.member()
    earn(world, member, 600)
    for day, tier in [
        ((2027, 1, 31), "GOLD"),
        ((2027, 2, 1), "SILVER"),
        ((2028, 1, 31), "SILVER"),
        ((2028, 2, 1), "BRONZE"),
    ]:
        settle(at(world, datetime(*day, 12, tzinfo=UTC)))
        assert tier_of(member) == tier, day


@pytest.mark.django_db
def test_grace__qualified_anew_within_it__keeps_the_tier() -> None:
    world = world_with(replace(YEARLY, grace_days=31))
    member = world.member()
    earn(world, member, 600)
    january = at(world, datetime(2027, 1, 20, 12, tzinfo=UTC))
    settle(january)
    earn(january, member, 500)
    settle(at(world, datetime(2027, 2, 10, 12, tzinfo=UTC)))
    assert tier_of(member) == "GOLD"


@pytest.mark.django_db
def test_never__year_turned__keeps_the_tier() -> None:
    world = world_with(replace(YEARLY, downgrade=programs.TierDowngrade.NEVER))
    member = world.member()
    earn(world, member, 600)
    settle(at(world, datetime(2029, 1, 1, 12, tzinfo=UTC)))
    assert tier_of(member) == "GOLD"


@pytest.mark.django_db
def test_next_period__reached__is_given_when_the_year_turns() -> None:
    world = world_with(replace(YEARLY, effect=programs.TierEffect.NEXT_PERIOD))
    member = world.member()
    earn(world, member, 600)
    settle(world)
    assert tier_of(member) == "BRONZE"
    settle(at(world, datetime(2027, 1, 1, 12, tzinfo=UTC)))
    assert tier_of(member) == "GOLD"
    assert TierChange.objects.get().reason == "qualified"
    settle(at(world, datetime(2028, 1, 1, 12, tzinfo=UTC)))
    assert tier_of(member) == "BRONZE"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "qualifier, tier",
    [
        (programs.TierQualifier.SPEND, "GOLD"),
        (programs.TierQualifier.COUNT, "BRONZE"),
        (programs.TierQualifier.POINTS, "BRONZE"),
    ],
)
def test_qualifier__a_purchase__counts_in_its_unit(qualifier: programs.TierQualifier, tier: str) -> None:
    world = world_with(replace(YEARLY, qualifier=qualifier))
    member = world.member()
    world.earn(member, Decimal(600))
    deliver(world.now)
    assert tier_of(member) == tier
    day = QualifyingDay.objects.get()
    assert (day.spend, day.purchases, day.points) == (Decimal(600), 1, 60)


@pytest.mark.django_db
def test_purchases__that_earn_nothing__count_as_spend() -> None:
    world = world_with(replace(YEARLY, qualifier=programs.TierQualifier.SPEND))
    member = world.member()
    for _ in range(2):
        assert world.earn(member, Decimal(60)).points_amount == 0
    deliver(world.now)
    assert (QualifyingDay.objects.get().spend, tier_of(member)) == (Decimal(120), "SILVER")


@pytest.mark.django_db
def test_tenure__months_complete__raises_in_the_daily_run() -> None:
    tiers = (LADDER[0], replace(LADDER[1], min_points=1), replace(LADDER[2], min_points=12))
    world = world_with(programs.TierPolicyPlan(qualifier=programs.TierQualifier.TENURE), tiers=tiers)
    member = world.member()
    for day, tier in [((2026, 12, 19), "BRONZE"), ((2026, 12, 20), "SILVER"), ((2027, 11, 20), "GOLD")]:
        settle(at(world, datetime(*day, 12, tzinfo=UTC)))
        assert tier_of(member) == tier, day


@pytest.mark.django_db
def test_rule__over_spend_and_purchases__is_counted_where_the_data_is() -> None:
    rule = {"+": [{"var": "spend"}, {"*": [{"var": "purchases"}, 50]}]}
    world = world_with(replace(YEARLY, qualifier=programs.TierQualifier.RULE, rule=rule))
    member = world.member()
    world.earn(member, Decimal(460))
    deliver(world.now)
    assert tier_of(member) == "GOLD"


@pytest.mark.django_db
def test_rolling__purchase_leaves_the_window__falls_and_was_warned_before() -> None:
    policy = programs.TierPolicyPlan(window=programs.TierWindow.ROLLING, rolling_months=2)
    world = world_with(policy)
    member = world.member()
    earn(world, member, 150)
    for day in ((2026, 12, 18), (2026, 12, 24), (2026, 12, 28), (2027, 1, 19)):
        settle(at(world, datetime(*day, 12, tzinfo=UTC)))
    assert tier_of(member) == "SILVER"
    assert len(facts("tier.will_downgrade")) == 1
    settle(at(world, datetime(2027, 1, 20, 12, tzinfo=UTC)))
    assert tier_of(member) == "BRONZE"


@pytest.mark.django_db
def test_warning__a_month_before_the_fall__is_told_once_with_what_is_missing() -> None:
    world = world_with(replace(YEARLY, validity=programs.TierValidity.REST_PLUS_NEXT))
    member = world.member()
    earn(world, member, 600)
    later = at(world, datetime(2027, 6, 1, 12, tzinfo=UTC))
    settle(later)
    earn(later, member, 120)
    for day in range(1, 6):
        settle(at(world, datetime(2027, 12, day, 12, tzinfo=UTC)))
    told = facts("tier.will_downgrade")
    assert len(told) == 1
    assert (told[0]["from_tier"], told[0]["falls_on"]) == ("GOLD", "2028-01-01")
    assert (told[0]["qualifying_value"], told[0]["value_to_stay"]) == (120, 380)


@pytest.mark.django_db
def test_reversal__within_the_period__takes_the_tier_only_when_it_ends() -> None:
    world = world_with(replace(YEARLY, validity=programs.TierValidity.REST_OF_PERIOD))
    member = world.member()
    receipt = earn(world, member, 600)
    assert receipt.transaction_id is not None
    request = points.ReverseRequest(
        transaction_id=receipt.transaction_id, key=key(), points=None, reason="returned", occurred_at=NOON
    )
    points.reverse(request=request, actor=ACTOR, now=NOON)
    deliver(NOON)
    settle(at(world, NOON + timedelta(days=3)))
    assert (QualifyingDay.objects.get().points, tier_of(member)) == (0, "GOLD")
    settle(at(world, datetime(2027, 1, 2, 12, tzinfo=UTC)))
    assert tier_of(member) == "BRONZE"


@pytest.mark.django_db
def test_settling__days_missed__are_settled_as_those_days() -> None:
    world = world_with(YEARLY)
    member = world.member()
    earn(world, member, 600)
    settle(world)
    result = settle(at(world, datetime(2027, 1, 10, 12, tzinfo=UTC)))
    assert result["days"] == 51
    assert TierChange.objects.order_by("-id")[0].effective_at == datetime(2027, 1, 1, tzinfo=BERLIN)
    assert str(SettledDay.objects.get().settled_on) == "2027-01-10"
    assert api.settle_due(actor=ACTOR, now=datetime(2027, 1, 10, 18, tzinfo=UTC)) == 0


@pytest.mark.django_db
def test_settling__killed_after_a_chunk__goes_on_with_those_that_are_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loyalty.tiers.operations.settling.CHUNK", 2)
    world = world_with(YEARLY)
    members = [world.member() for _ in range(5)]
    for member in members:
        earn(world, member, 600)
    plan = programs.get_plan(world.program_id, at=world.now)
    later = datetime(2027, 1, 1, 12, tzinfo=UTC)
    chunks = settle_day(plan, later.date(), actor=ACTOR, now=later)
    assert next(iter(chunks))[0] == 2
    del chunks
    assert sorted(str(tier_of(member)) for member in members) == ["BRONZE"] * 2 + ["GOLD"] * 3
    settle(at(world, later))
    assert {tier_of(member) for member in members} == {"BRONZE"}
    assert TierChange.objects.filter(direction="DOWN").count() == 5


@pytest.mark.django_db
def test_promise__changed_by_a_scheduled_version__is_settled_when_it_begins() -> None:
    world = world_with(programs.TierPolicyPlan())
    member = world.member()
    earn(world, member, 150)
    settle(world)
    begins = NOON + timedelta(days=10)
    programs.update_program(
        program_id=world.program_id, changes={"tier_policy": YEARLY}, expected_version=None, actor=ACTOR,
        now=world.now, effective_at=begins,
    )  # fmt: skip
    deliver(world.now)
    settle(at(world, begins + timedelta(days=1)))
    assert MemberState.objects.get().look_on is not None
    settle(at(world, datetime(2027, 1, 2, 12, tzinfo=UTC)))
    assert tier_of(member) == "BRONZE"


@pytest.mark.django_db
def test_imported_tier__nobody_looked_at_it_yet__is_kept_for_the_period() -> None:
    world = world_with(YEARLY)
    member = world.member()
    gold = sql.fetch_one(
        "SELECT tier_id FROM programs_tiers WHERE program_public_id = %s AND code = 'GOLD'", [world.program_id]
    )
    assert gold is not None
    sql.fetch_all(
        "SELECT * FROM programs_assign_tiers(%s, %s, '', NULL, %s)", [[member.account_id], [gold["tier_id"]], NOON]
    )
    settle(world)
    assert tier_of(member) == "GOLD"
    settle(at(world, datetime(2027, 1, 1, 12, tzinfo=UTC)))
    assert tier_of(member) == "BRONZE"
