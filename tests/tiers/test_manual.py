"""Tiers by hand: floor, pin, one-off, their ends; projections and the past."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from loyalty.foundation.audit.models import AuditEntry
from loyalty.points import api as points
from loyalty.programs import api as programs
from loyalty.tiers import api
from loyalty.tiers.api import ManualMode
from loyalty.tiers.models import TierChange
from tests.points.world import ACTOR, LADDER, World
from tests.tiers.test_windows import NOON, YEARLY, at, earn, settle, tier_of, world_with

NEW_YEAR = datetime(2027, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def world(db: None) -> World:
    """A program whose tiers are earned anew each year."""
    return world_with(YEARLY)


def assign(
    world: World, member: points.MemberFacts, tier: str, mode: ManualMode | None, until: datetime | None = None
) -> api.TierStanding:
    """Give a tier by hand."""
    note = "complaint 17" if mode else ""
    return api.assign(
        account_id=member.account_id, tier_code=tier, mode=mode, until=until, note=note, actor=ACTOR, now=world.now
    )


def test_floor__year_turned__stays_while_higher_ones_are_earned(world: World) -> None:
    member = world.member()
    assign(world, member, "SILVER", ManualMode.FLOOR)
    settle(at(world, NEW_YEAR))
    assert tier_of(member) == "SILVER"
    earn(at(world, NEW_YEAR), member, 500)
    assert tier_of(member) == "GOLD"
    settle(at(world, datetime(2028, 1, 1, 12, tzinfo=UTC)))
    assert tier_of(member) == "SILVER"


def test_pin__whatever_is_earned__is_exactly_that_tier_until_its_end(world: World) -> None:
    member = world.member()
    until = NOON + timedelta(days=3, hours=5)
    standing = assign(world, member, "SILVER", ManualMode.PIN, until)
    assert standing.manual is not None
    assert (standing.manual.mode, standing.manual.until, standing.manual.reason) == (
        ManualMode.PIN, until, "complaint 17",
    )  # fmt: skip
    earn(world, member, 600)
    assert tier_of(member) == "SILVER"
    settle(at(world, NOON + timedelta(days=2)))
    assert tier_of(member) == "SILVER"
    settle(at(world, until + timedelta(minutes=5)))
    assert tier_of(member) == "GOLD"
    change = TierChange.objects.order_by("-id")[0]
    assert (change.reason, change.effective_at) == ("manual_ended", until)


def test_pin__below_the_members_tier__lowers_it_at_once(world: World) -> None:
    member = world.member()
    earn(world, member, 600)
    assign(world, member, "BRONZE", ManualMode.PIN)
    earn(world, member, 600)
    assert tier_of(member) == "BRONZE"
    assign(world, member, "", None)
    assert tier_of(member) == "GOLD"


def test_one_off__upwards__is_kept_as_if_it_had_been_earned(world: World) -> None:
    member = world.member()
    assign(world, member, "GOLD", ManualMode.ONE_OFF)
    settle(at(world, datetime(2026, 12, 31, 12, tzinfo=UTC)))
    assert tier_of(member) == "GOLD"
    settle(at(world, NEW_YEAR))
    assert tier_of(member) == "BRONZE"


def test_one_off__downwards__lasts_until_the_next_earn(world: World) -> None:
    member = world.member()
    earn(world, member, 600)
    assign(world, member, "SILVER", ManualMode.ONE_OFF)
    settle(at(world, NOON + timedelta(days=3)))
    assert tier_of(member) == "SILVER"
    earn(at(world, NOON + timedelta(days=3)), member, 1)
    assert tier_of(member) == "GOLD"


def test_one_off__ladder_changed__is_over_while_a_floor_stays(world: World) -> None:
    once, floor = world.member(), world.member()
    assign(world, once, "GOLD", ManualMode.ONE_OFF)
    assign(world, floor, "GOLD", ManualMode.FLOOR)
    api.recalculate_program(program_id=world.program_id, causation_id=None, actor=ACTOR, now=NOON)
    assert (tier_of(once), tier_of(floor)) == ("BRONZE", "GOLD")


def test_invitation__earned_enough__is_not_given_but_can_be_assigned(world: World) -> None:
    black = programs.TierDocument(code="BLACK", name="Black", min_points=900, is_invitation_only=True)
    world.change(tiers=(*LADDER, black))
    member = world.member()
    earn(world, member, 1000)
    assert tier_of(member) == "GOLD"
    with pytest.raises(api.TierNotAbove):
        api.upgrade(account_id=member.account_id, tier_code="", note="", actor=ACTOR, now=NOON)
    assign(world, member, "BLACK", ManualMode.FLOOR)
    assert tier_of(member) == "BLACK"


@pytest.mark.parametrize(
    "tier, mode, until, note",
    [
        ("GOLD", ManualMode.PIN, NOON, "x"),
        ("GOLD", ManualMode.PIN, None, " "),
        ("", ManualMode.PIN, None, "x"),
        ("GOLD", None, None, ""),
        ("", None, NOON + timedelta(days=1), ""),
    ],
)
def test_assign__incomplete_or_over__is_refused(
    world: World, tier: str, mode: ManualMode | None, until: datetime | None, note: str
) -> None:
    member = world.member()
    with pytest.raises(api.ManualTierInvalid):
        api.assign(
            account_id=member.account_id, tier_code=tier, mode=mode, until=until, note=note, actor=ACTOR, now=NOON
        )
    assert tier_of(member) == "BRONZE"


def test_assign__unknown_tier__is_refused_and_known_is_audited(world: World) -> None:
    member = world.member()
    with pytest.raises(programs.TierNotFound):
        assign(world, member, "DIAMOND", ManualMode.PIN)
    assign(world, member, "GOLD", ManualMode.PIN)
    entry = AuditEntry.objects.get(act="tiers.assign", subject_ref=str(member.account_id))
    assert (entry.reason, entry.before, entry.after) == (
        "complaint 17", {"tier": "BRONZE"}, {"tier": "GOLD", "mode": "pin", "until": None},
    )  # fmt: skip


def test_projection__yearly__tells_the_tier_after_the_year_and_what_is_missing(db: None) -> None:
    world = world_with(replace(YEARLY, validity=programs.TierValidity.REST_PLUS_NEXT, grace_days=10))
    member = world.member()
    earn(world, member, 150)
    later = datetime(2027, 6, 1, 12, tzinfo=UTC)
    settle(at(world, later))
    earn(at(world, later), member, 40)
    found = points.find_member(account_id=member.account_id)
    assert found is not None
    told = api.projection_of(found, now=later)
    assert told.tier is not None
    assert told.projected_tier is not None
    assert told.next_tier is not None
    assert (told.tier.code, told.projected_tier.code, told.next_tier.code) == ("SILVER", "BRONZE", "GOLD")
    assert (told.qualifying_value, told.value_to_stay, told.value_to_next) == (Decimal(40), Decimal(60), Decimal(460))
    assert (told.period_start, told.period_end) == (date(2027, 1, 1), date(2028, 1, 1))
    assert (told.kept_until, told.grace_until) == (date(2028, 1, 1), date(2028, 1, 11))
    assign(at(world, later), member, "GOLD", ManualMode.FLOOR)
    under = api.projection_of(found, now=later).projected_tier
    assert under is not None
    assert under.code == "GOLD"


def test_projection__all_time__keeps_what_was_reached(db: None) -> None:
    world = world_with(programs.TierPolicyPlan())
    member = world.member()
    earn(world, member, 150)
    found = points.find_member(account_id=member.account_id)
    assert found is not None
    told = api.projection_of(found, now=NOON)
    assert told.projected_tier is not None
    assert (told.projected_tier.code, told.value_to_stay, told.value_to_next) == ("SILVER", None, Decimal(350))
    assert (told.period_end, told.grace_until) == (None, None)


def test_as_of__any_instant__is_the_tier_that_was_in_force(world: World) -> None:
    member = world.member()
    earn(at(world, NOON + timedelta(days=1)), member, 150)
    earn(at(world, NOON + timedelta(days=2)), member, 500)
    settle(at(world, NEW_YEAR))
    for instant, tier in [
        (NOON, "BRONZE"), (NOON + timedelta(days=1), "SILVER"), (NOON + timedelta(days=2), "GOLD"),
        (NEW_YEAR - timedelta(hours=14), "GOLD"), (NEW_YEAR, "BRONZE"),
    ]:  # fmt: skip
        assert api.list_tiers_as_of([member.account_id], instant) == {member.account_id: tier}, instant
        found = points.find_member(account_id=member.account_id)
        assert found is not None
        stood = api.standing_as_of(found, at=instant, basis="occurred")
        assert stood.current is not None
        assert stood.current.code == tier
    assert api.list_tiers_as_of([member.account_id], NOON - timedelta(days=1)) == {}
