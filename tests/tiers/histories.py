"""Random lives of members, lived in SQL and in the pure model, for the tests that compare the two."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from loyalty.foundation.orm import sql
from loyalty.programs import api as programs
from loyalty.tiers.contracts import DayFigures
from loyalty.tiers.operations.recounting import recount_chunk
from tests.points.world import World

ADD_DAYS = """
    INSERT INTO tiers_qualifying_day (account_public_id, business_date, program_public_id, points, spend, purchases)
    SELECT account, day, %s, points, spend, purchases FROM jsonb_to_recordset(%s::jsonb)
        AS d (account uuid, day date, points bigint, spend numeric, purchases integer)
"""
ZONES = ("Europe/Berlin", "Asia/Kathmandu", "America/Los_Angeles", "Pacific/Apia", "UTC")
LADDERS = (((0, 100, 500)), ((50, 100, 400)), ((0, 1, 2, 3, 500)))


@dataclass(frozen=True)
class Life:
    """What a member did: its day of joining and its doings by day."""

    joined: date
    days: tuple[DayFigures, ...]


def draw_life(chance: Random, first: date, last: date) -> Life:
    """Draw a member that joined early and bought here and there within a span of days."""
    joined = first + timedelta(days=chance.randint(0, 20))
    span = (last - joined).days
    bought = {joined + timedelta(days=chance.randint(0, span)) for _ in range(chance.randint(0, 8))}
    amounts = {day: chance.choice([chance.randint(1, 60), chance.randint(50, 600)]) for day in sorted(bought)}
    return Life(
        joined,
        tuple(
            DayFigures(day, points=n, spend=Decimal(n) * 3 / 4, purchases=1 + n // 100) for day, n in amounts.items()
        ),
    )


def draw_policy(chance: Random) -> programs.TierPolicyPlan:
    """Draw how members qualify: every qualifier, window, effect, downgrade and validity; falls are common.

    Points of all time are what the ledger says, which these lives do not touch; ``test_operations`` has them.
    """
    window = chance.choice([*programs.TierWindow, programs.TierWindow.ROLLING, programs.TierWindow.CYCLE])
    is_of_ledger = window is programs.TierWindow.LIFETIME
    qualifiers = [one for one in programs.TierQualifier if not (is_of_ledger and one is programs.TierQualifier.POINTS)]
    qualifier = chance.choice([*qualifiers, programs.TierQualifier.SPEND])
    has_periods = window not in (programs.TierWindow.LIFETIME, programs.TierWindow.ROLLING)
    rule = {"+": [{"var": "points"}, {"*": [{"var": "purchases"}, 10]}, {"var": "days_enrolled"}]}
    falls = (programs.TierDowngrade.BY_BALANCE, programs.TierDowngrade.ONE_STEP)
    return programs.TierPolicyPlan(
        qualifier=qualifier,
        rule=rule if qualifier is programs.TierQualifier.RULE else None,
        window=window,
        rolling_months=chance.choice([1, 1, 2]) if window is programs.TierWindow.ROLLING else None,
        cycle_start=chance.choice(["02-29", "03-31", "07-01"]) if window is programs.TierWindow.CYCLE else "",
        cycle_months=chance.choice([1, 1, 2, 5]) if window is programs.TierWindow.CYCLE else None,
        effect=chance.choice(list(programs.TierEffect)) if has_periods else programs.TierEffect.IMMEDIATE,
        downgrade=chance.choice([*falls, *falls, *falls, programs.TierDowngrade.NEVER]),
        grace_days=chance.choice([0, 0, 3, 20]),
        validity=chance.choice(list(programs.TierValidity)),
    )


def noon(day: date, zone: str) -> datetime:
    """Give the noon of a day in a zone."""
    return datetime.combine(day, time(12), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def born(world: World, life: Life, zone: str) -> UUID:
    """Make the member of a life; nothing has counted yet."""
    return World(world.program_id, noon(life.joined, zone)).member().account_id


def count_days(world: World, days: Sequence[tuple[UUID, DayFigures]]) -> None:
    """Let days count for members."""
    rows: list[dict[str, Any]] = [
        {"account": str(account), "day": str(one.day), "points": one.points, "spend": str(one.spend),
         "purchases": one.purchases}
        for account, one in days
    ]  # fmt: skip
    sql.execute(ADD_DAYS, [world.program_id, json.dumps(rows)])


def count_earned(world: World, *accounts: UUID) -> None:
    """Count what members earned, as the handlers of its facts would."""
    recount_chunk(programs.get_plan(world.program_id, at=world.now), accounts)


def each_day(first: date, last: date) -> list[date]:
    """Give the days from one to another, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
