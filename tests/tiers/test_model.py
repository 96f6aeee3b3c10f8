"""The set-based standing equals the pure model, day by day, over random lives, windows and zones."""

from datetime import date
from random import Random
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loyalty.foundation.orm import sql
from loyalty.programs import api as programs
from loyalty.tiers.contracts import Track
from loyalty.tiers.operations.looking import settle
from loyalty.tiers.operations.settling import settle_day
from loyalty.tiers.policy import ladder
from loyalty.tiers.policy.standing import History, Member, step
from loyalty.tiers.policy.terms import terms_of
from tests.points.world import ACTOR, make_world
from tests.tiers.histories import LADDERS, ZONES, Life, born, count_days, draw_life, draw_policy, each_day, noon

FIRST, LAST = date(2024, 12, 20), date(2025, 5, 10)
STANDS = """
    SELECT m.account_public_id, m.tier_code, s.kept_until FROM programs_membership m
    LEFT JOIN tiers_member_state s ON s.account_public_id = m.account_public_id WHERE m.program_public_id = %s
"""


class Undone(Exception):
    """Takes the world of one example back."""


def tiers_from(thresholds: tuple[int, ...]) -> tuple[programs.TierDocument, ...]:
    """Make a ladder, and a tier by invitation that nobody may reach."""
    steps = [programs.TierDocument(code=f"T{low}", name=f"T{low}", min_points=low) for low in thresholds]
    return (*steps, programs.TierDocument(code="BLACK", name="Black", min_points=60, is_invitation_only=True))


def model_of(plan: programs.ProgramPlan, life: Life, day: date, track: Track) -> Track:
    """Step one member in the model, which knows what had happened by that day."""
    known = tuple(one for one in life.days if one.day <= day)
    return step(terms_of(plan), ladder.open_to_all(plan.tiers), Member(life.joined, History(known)), track, day)


def live(policy: programs.TierPolicyPlan, zone: str, thresholds: tuple[int, ...], drawn: list[Life]) -> None:
    """Live all lives on both sides and compare each day."""
    world = make_world(noon(LAST, zone), timezone=zone, tiers=tiers_from(thresholds), tier_policy=policy)
    plan = programs.get_plan(world.program_id, at=world.now)
    members: dict[UUID, Life] = {}
    tracks: dict[UUID, Track] = {}
    first = ladder.highest(ladder.open_to_all(plan.tiers), 0)
    for life in drawn:
        account = born(world, life, zone)
        members[account], tracks[account] = life, Track(first, None)
    for day in each_day(FIRST, LAST):
        now = noon(day, zone)
        alive = [account for account, life in members.items() if life.joined <= day]
        for account in alive:
            for one in members[account].days:
                if one.day == day:
                    count_days(world, [(account, one)])
                    settle(plan, [account], mode="earned", reason="earned", actor=ACTOR, now=now)
        list(settle_day(plan, day, actor=ACTOR, now=now))
        stands: dict[UUID, Any] = {row["account_public_id"]: row for row in sql.fetch_all(STANDS, [world.program_id])}
        for account in alive:
            tracks[account] = model_of(plan, members[account], day, tracks[account])
            expected = tracks[account].tier
            found = stands[account]["tier_code"]
            assert found == (expected.code if expected else None), (day, members[account], stands[account])


@pytest.mark.django_db
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(st.integers(0, 2**48))
def test_standing__any_history_window_and_zone__is_what_the_model_says(seed: int) -> None:
    chance = Random(seed)
    drawn = [draw_life(chance, FIRST, LAST) for _ in range(5)]
    with pytest.raises(Undone), transaction.atomic():
        live(draw_policy(chance), chance.choice(ZONES), chance.choice(LADDERS), drawn)
        raise Undone
