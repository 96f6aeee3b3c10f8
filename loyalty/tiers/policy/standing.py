"""Where a member stands, day by day: the same steps that ``sql/standing.sql`` does for sets.

Used where one member is looked at through time (a late purchase, a projection), and as the model that the SQL is tested
against.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate

from loyalty.foundation.rules import api as rules
from loyalty.programs.api import TIER_SCHEMA, TierPlan
from loyalty.tiers.contracts import Column, DayFigures, Span, Terms, Track
from loyalty.tiers.policy.calendar import DAY, Window, tenure_months, window_on
from loyalty.tiers.policy.ladder import highest

ZERO = Decimal(0)


class History:
    """What counted for a member, by business day; sums of any stretch of days."""

    def __init__(self, days: Sequence[DayFigures]) -> None:
        ordered = sorted(days, key=lambda one: one.day)
        self.figures = tuple(ordered)
        self.days = [one.day for one in ordered]
        self._sums = {
            column: [ZERO, *accumulate(Decimal(getattr(one, column)) for one in ordered)]
            for column in ("points", "points_status", "spend", "purchases")
        }

    def total(self, column: str, since: date, until: date) -> Decimal:
        """Sum a column over [since, until)."""
        sums = self._sums[column]
        return sums[bisect_left(self.days, until)] - sums[bisect_left(self.days, since)]


@dataclass(frozen=True, slots=True)
class Member:
    """A member through time: when it joined (a day in the program's zone) and what it did."""

    joined: date
    history: History


@dataclass(frozen=True, slots=True)
class Turn:
    """A day on which the tier by qualification changed."""

    day: date
    before: TierPlan | None
    track: Track


def value_in(terms: Terms, member: Member, window: Window, *, points_lifetime: int | None = None) -> Decimal:
    """Give what counts in a window, in the unit of the qualifier; a rule reads the lifetime points that are given."""
    if terms.column is Column.TENURE:
        return Decimal(tenure_months(member.joined, window.counts_until - DAY))
    if terms.column is Column.RULE:
        return _rule_value(terms, member, window, points_lifetime)
    return member.history.total(terms.column.value, window.counts_from, window.counts_until)


def _rule_value(terms: Terms, member: Member, window: Window, points_lifetime: int | None) -> Decimal:
    history, since, until = member.history, window.counts_from, window.counts_until
    points = "points_status" if terms.has_status else "points"
    facts = {
        "points": history.total(points, since, until),
        "spend": history.total("spend", since, until),
        "purchases": history.total("purchases", since, until),
        "points_lifetime": history.total("points", date.min, until) if points_lifetime is None else points_lifetime,
        "days_enrolled": Decimal(max(0, (until - DAY - member.joined).days)),
    }
    rule = rules.check(terms.rule, TIER_SCHEMA, expects="number")
    midnight = datetime(until.year, until.month, until.day, tzinfo=UTC)
    value = rules.evaluate(rule, facts, now=midnight)
    return ZERO if value is None else Decimal(str(value))


def floor_of(tier: TierPlan | None) -> int:
    """Give where a tier begins, -1 for none."""
    return -1 if tier is None else tier.min_points


def step(terms: Terms, ladder: Sequence[TierPlan], member: Member, track: Track, day: date) -> Track:
    """Give where a member stands on a day, from where it stood before."""
    window = window_on(terms, member.joined, day)
    earned = highest(ladder, value_in(terms, member, window))
    if floor_of(earned) > floor_of(track.tier):
        return Track(earned, window.kept_until)
    if floor_of(earned) == floor_of(track.tier):
        return Track(earned, max(track.kept_until or window.kept_until, window.kept_until))
    if track.kept_until is None:
        return Track(track.tier, window.kept_until)
    if terms.downgrade == "never" or day < after(track.kept_until, terms.grace_days):
        return track
    if terms.downgrade == "one_step":
        below = highest(ladder, floor_of(track.tier) - 1)
        if floor_of(below) > floor_of(earned):
            return Track(below, window.step_until)
    return Track(earned, window.kept_until)


def after(day: date, days: int) -> date:
    """Move a day on, not beyond the last one there is."""
    return day + timedelta(days=min(days, (date.max - day).days))


def replay(
    terms: Terms, ladder: Sequence[TierPlan], member: Member, track: Track, since: date, until: date
) -> tuple[list[Turn], Track]:
    """Give the turns in [since, until) and where the member stood at the end."""
    turns, day = list[Turn](), since
    while day < until:
        turned = step(terms, ladder, member, track, day)
        if floor_of(turned.tier) != floor_of(track.tier):
            turns.append(Turn(day, track.tier, turned))
        track, day = turned, day + DAY
    return turns, track


def value_to_stay(terms: Terms, track: Track, window: Window, value: Decimal) -> Decimal | None:
    """Give what is missing to keep the tier beyond its end; None where nothing has to be done."""
    if track.tier is None or track.kept_until is None or terms.downgrade == "never" or terms.span is Span.LIFETIME:
        return None
    if terms.span is Span.PERIOD and track.kept_until > window.period_end:
        return None
    return max(ZERO, Decimal(track.tier.min_points) - value)
