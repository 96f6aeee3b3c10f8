"""Merging accounts: the better tier stays, with the day until which it was kept."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from loyalty.foundation.events.models import InboxEntry
from loyalty.points import api as points
from loyalty.programs import api as programs
from loyalty.tiers.api import ManualMode
from tests.points.world import ACTOR, World, key
from tests.tiers.test_manual import assign
from tests.tiers.test_windows import YEARLY, at, deliver, earn, facts, settle, tier_of, world_with

pytestmark = pytest.mark.django_db


def merge(world: World, source: points.MemberFacts, target: points.MemberFacts) -> None:
    """Merge accounts of one person, and deliver it."""
    points.merge_accounts(
        account_id=source.account_id, into_account_id=target.account_id, key=key(), reason="same person", actor=ACTOR,
        now=world.now,
    )  # fmt: skip
    deliver(world.now)


def test_merge__account_of_the_better_tier__leaves_it_for_as_long_as_it_was_kept() -> None:
    world = world_with(replace(YEARLY, validity=programs.TierValidity.REST_PLUS_NEXT))
    gone, kept = world.member(), world.member()
    earn(world, gone, 600)
    next_year = at(world, datetime(2027, 3, 1, 12, tzinfo=UTC))
    settle(next_year)
    earn(next_year, kept, 150)
    assert (tier_of(gone), tier_of(kept)) == ("GOLD", "SILVER")

    merge(next_year, gone, kept)
    assert tier_of(kept) == "GOLD"
    told = facts("tier.upgraded")[-1]
    assert (told["account_id"], told["to_tier"], told["reason"]) == (str(kept.account_id), "GOLD", "qualified")
    InboxEntry.objects.filter(handler="tiers.on_points_transferred").update(state="PENDING")
    deliver(next_year.now)
    settle(at(world, datetime(2027, 12, 30, 12, tzinfo=UTC)))
    assert tier_of(kept) == "GOLD"
    settle(at(world, datetime(2028, 1, 1, 12, tzinfo=UTC)))
    assert tier_of(kept) != "GOLD", "no longer than the other one would have had it"


def test_merge__tier_given_by_hand__goes_along_and_a_pin_stays() -> None:
    world = world_with(YEARLY)
    gone, kept, pinned = world.member(), world.member(), world.member()
    assign(world, gone, "GOLD", ManualMode.FLOOR)
    merge(world, gone, kept)
    assert tier_of(kept) == "GOLD"
    assign(world, pinned, "SILVER", ManualMode.PIN)
    merge(world, kept, pinned)
    assert tier_of(pinned) == "SILVER"


def test_merge__account_of_a_lower_tier__changes_nothing() -> None:
    world = world_with(YEARLY)
    gone, kept = world.member(), world.member()
    earn(world, kept, 600)
    before = len(facts("tier.upgraded"))
    merge(world, gone, kept)
    assert (tier_of(kept), len(facts("tier.upgraded"))) == ("GOLD", before)
