"""Reads of tiers: where a member stands, stood, and will stand."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from loyalty.features import api as features
from loyalty.foundation.orm import sql
from loyalty.foundation.rules.contracts import EventType, Field, FieldType
from loyalty.points import api as points
from loyalty.programs import api as programs
from loyalty.tiers.contracts import (
    FOREVER,
    DayFigures,
    ManualMode,
    ManualTier,
    Reason,
    Span,
    Terms,
    TierProjection,
    TierStanding,
    Track,
)
from loyalty.tiers.models import BenefitGrant, MemberState
from loyalty.tiers.policy import ladder
from loyalty.tiers.policy.calendar import DAWN, DAY, Window, window_on
from loyalty.tiers.policy.standing import History, Member, after, floor_of, replay, value_in, value_to_stay
from loyalty.tiers.policy.terms import terms_of
from loyalty.tiers.policy.timeline import Timeline

DAYS = """
    SELECT business_date AS day, points, points_status, spend, purchases FROM tiers_qualifying_day
    WHERE account_public_id = %s AND business_date >= %s ORDER BY business_date
"""
# The tier of the last change at or before an instant; before the first change the one it led away from.
AS_OF = """
    SELECT m.account_public_id AS account_id, CASE WHEN l.id IS NOT NULL THEN l.to_code
        WHEN f.id IS NOT NULL THEN f.from_code ELSE m.tier_code END AS code
    FROM programs_membership m
    LEFT JOIN LATERAL (
        SELECT c.id, c.to_code FROM tiers_tierchange c
        WHERE c.account_public_id = m.account_public_id AND {known} AND c.effective_at <= %(at)s
        ORDER BY c.effective_at DESC, c.id DESC LIMIT 1) l ON true
    LEFT JOIN LATERAL (
        SELECT c.id, c.from_code FROM tiers_tierchange c
        WHERE c.account_public_id = m.account_public_id AND {told}
        ORDER BY c.effective_at, c.id LIMIT 1) f ON true
    WHERE m.account_public_id = ANY(%(accounts)s::uuid[]) AND m.enrolled_at <= %(at)s
"""
# What counts by business date now, or what was known when the instant was.
KNOWN = {
    "occurred": "c.superseded_at IS NULL",
    "recorded": "c.recorded_at <= %(at)s AND (c.superseded_at IS NULL OR c.superseded_at > %(at)s)",
}
TOLD = {"occurred": KNOWN["occurred"], "recorded": "true"}
NAMES = """
    SELECT m.account_public_id || ' ' || t.code AS key, t.name FROM programs_membership m
    JOIN programs_tiers t ON t.program_id = m.program_id WHERE m.account_public_id = ANY(%s::uuid[])
"""
# A tier that a purchase reached begins behind it.
CAUSED = (Reason.EARNED.value, Reason.LATE_PURCHASE.value)
CHANGES = """
    SELECT effective_at, from_code, to_code, reason FROM tiers_tierchange
    WHERE account_public_id = %s AND superseded_at IS NULL ORDER BY effective_at, id
"""


@dataclass(frozen=True, slots=True)
class Look:
    """A member seen on a day, with what was needed to see it."""

    plan: programs.ProgramPlan
    terms: Terms
    member: Member
    window: Window
    value: Decimal
    track: Track
    manual: ManualTier | None


def look_at(member: points.MemberFacts, *, now: datetime) -> Look:
    """Look at one member by the program as it is at an instant, the present one or another; nothing is written."""
    plan = programs.get_plan(member.program_id, at=now)
    terms = terms_of(plan)
    joined = programs.business_date(plan.timezone, member.enrolled_at)
    window = window_on(terms, joined, programs.business_date(plan.timezone, now))
    days = [DayFigures(**row) for row in sql.fetch_all(DAYS, [member.account_id, DAWN])]
    person = Member(joined, History(days))
    value = value_in(terms, person, window, points_lifetime=member.points_lifetime)
    state = MemberState.objects.filter(account_public_id=member.account_id).first()
    return Look(plan, terms, person, window, value, _track_of(plan, member, state), _manual_of(plan, state, now))


def _tier_ids(plan: programs.ProgramPlan) -> dict[int, programs.TierPlan]:
    rows = sql.fetch_all("SELECT tier_id, code FROM programs_tiers WHERE program_public_id = %s", [plan.program_id])
    return {row["tier_id"]: plan.tiers_by_code[row["code"]] for row in rows if row["code"] in plan.tiers_by_code}


def _track_of(plan: programs.ProgramPlan, member: points.MemberFacts, state: MemberState | None) -> Track:
    if state is None or state.kept_until is None:
        return Track(ladder.tier_named(plan.tiers, member.tier_code), None)
    return Track(_tier_ids(plan).get(state.track_tier_id or 0), state.kept_until)


def _manual_of(plan: programs.ProgramPlan, state: MemberState | None, now: datetime) -> ManualTier | None:
    if state is None or state.manual_mode is None or (state.manual_until is not None and state.manual_until <= now):
        return None
    tier = _tier_ids(plan).get(state.manual_tier_id or 0)
    return ManualTier(ManualMode(state.manual_mode), tier, state.manual_until, state.manual_reason)


def standing_of(member: points.MemberFacts, *, now: datetime) -> TierStanding:
    """Give where a member stands by the program as it is now."""
    look = look_at(member, now=now)
    return _standing(member, look, ladder.open_to_all(look.plan.tiers))


def _standing(member: points.MemberFacts, look: Look, steps: Sequence[programs.TierPlan]) -> TierStanding:
    return TierStanding(
        account_id=member.account_id,
        customer_id=member.customer_id,
        program_id=member.program_id,
        points_lifetime=member.points_lifetime,
        current=ladder.tier_named(look.plan.tiers, member.tier_code),
        calculated=ladder.highest(steps, look.value),
        following=_following(steps, look.value, ladder.tier_named(look.plan.tiers, member.tier_code)),
        qualifier=look.plan.tier_policy.qualifier.value,
        qualifying_value=look.value,
        counts_from=_told(look.window.counts_from),
        counts_until=look.window.counts_until,
        kept_until=_told(look.track.kept_until),
        manual=look.manual,
    )


def _following(
    steps: Sequence[programs.TierPlan], value: Decimal, has: programs.TierPlan | None
) -> programs.TierPlan | None:
    """Give the next tier above both what a member has and what it has reached."""
    return ladder.above(steps, max(value, Decimal(floor_of(has))))


def standing_as_of(member: points.MemberFacts, *, at: datetime, basis: str) -> TierStanding:
    """Give where a member stood at an instant: the tier in force (``list_tiers_as_of``), and what counted by then."""
    look = look_at(member, now=at)
    code = list_tiers_as_of([member.account_id], at, basis=basis).get(member.account_id)
    steps = ladder.open_to_all(look.plan.tiers)
    return replace(
        _standing(member, look, steps),
        current=ladder.tier_named(look.plan.tiers, code),
        kept_until=None,
        manual=None,
    )


def _told(day: date | None) -> date | None:
    """Give a day as it is told: the first and the last that dates can say mean that there is none."""
    return None if day in (None, DAWN, FOREVER) else day


def get_standing(account_id: uuid.UUID, *, now: datetime) -> TierStanding:
    """Give where the member of an account stands.

    :raises MembershipNotFound: no member has this account.
    """
    member = points.find_member(account_id=account_id)
    if member is None:
        raise programs.MembershipNotFound("No member has this account.")
    return standing_of(member, now=now)


def projection_of(member: points.MemberFacts, *, now: datetime) -> TierProjection:
    """Give what becomes of a member's tier after its period, and the grace behind it, when nothing more happens."""
    look = look_at(member, now=now)
    terms, steps = look.terms, ladder.open_to_all(look.plan.tiers)
    today = programs.business_date(look.plan.timezone, now)
    # Where a tier is given with the next period, what is gathered now decides about that one.
    gathering = window_on(replace(terms, is_next=False), look.member.joined, today)
    gathered = value_in(terms, look.member, gathering, points_lifetime=member.points_lifetime)
    earned = ladder.highest(steps, look.value)
    is_kept = floor_of(earned) <= floor_of(look.track.tier)
    track = look.track if is_kept else Track(earned, look.window.kept_until)
    if is_kept and track.kept_until is None:
        track = Track(track.tier, look.window.kept_until)
    on = after(look.window.period_end, terms.grace_days)
    projected = track.tier
    if terms.span is not Span.LIFETIME:
        projected = replay(terms, steps, look.member, track, today, on + DAY)[1].tier
    current = ladder.tier_named(look.plan.tiers, member.tier_code)
    projected = _under_manual(look.manual, projected, current, on, look.plan.timezone)
    following = _following(steps, gathered, track.tier)
    can_fall = terms.downgrade != "never" and track.kept_until not in (None, FOREVER)
    return TierProjection(
        account_id=member.account_id,
        tier=current,
        projected_tier=projected,
        projected_on=on,
        qualifying_value=gathered,
        value_to_stay=value_to_stay(terms, track, look.window, gathered),
        value_to_next=None if following is None else following.min_points - gathered,
        next_tier=following,
        period_start=_told(look.window.period_start) if terms.span is Span.PERIOD else None,
        period_end=look.window.period_end if terms.span is Span.PERIOD else None,
        kept_until=_told(track.kept_until),
        grace_until=after(track.kept_until, terms.grace_days) if can_fall and track.kept_until else None,
        manual=look.manual,
    )


def _under_manual(
    manual: ManualTier | None,
    projected: programs.TierPlan | None,
    current: programs.TierPlan | None,
    on: date,
    zone: str,
) -> programs.TierPlan | None:
    """Lay a tier given by hand over the projected one, when it still holds then."""
    if manual is None or manual.tier is None:
        return projected
    if manual.until is not None and programs.business_date(zone, manual.until) <= on:
        return projected
    if manual.mode is ManualMode.PIN or floor_of(manual.tier) > floor_of(projected):
        return manual.tier
    return projected


def list_tiers_as_of(
    account_ids: Sequence[uuid.UUID], at: datetime, *, basis: str = "occurred"
) -> dict[uuid.UUID, str | None]:
    """Give the codes of members' tiers at an instant; who was no member then is left out.

    ``occurred``: by business date, with all that is known today; ``recorded``: as the book said at that instant.
    """
    rows = sql.fetch_all(AS_OF.format(known=KNOWN[basis], told=TOLD[basis]), {"accounts": list(account_ids), "at": at})
    return {row["account_id"]: row["code"] for row in rows}


def tier_history(account_ids: Sequence[uuid.UUID], at: datetime) -> Mapping[uuid.UUID, tuple[str, str] | None]:
    """Tell points which tiers (code and name) were in force at a business instant; None is no tier."""
    codes = list_tiers_as_of(account_ids, at)
    names = {row["key"]: row["name"] for row in sql.fetch_all(NAMES, [list(codes)])}
    return {
        account: None if code is None else (code, names.get(f"{account} {code}", code))
        for account, code in codes.items()
    }


def timeline_of(account_id: uuid.UUID, plan: programs.ProgramPlan) -> Timeline:
    """Give a member's tiers through time as the history has them, by business instant."""
    membership = programs.get_membership_of_account(account_id)
    rows = sql.fetch_all(CHANGES, [account_id])
    first = rows[0]["from_code"] if rows else membership.tier_code
    dawn = datetime.combine(DAWN + timedelta(days=2), datetime.min.time(), tzinfo=membership.enrolled_at.tzinfo)
    changes = [(row["effective_at"], ladder.tier_named(plan.tiers, row["to_code"])) for row in rows]
    caused = [row["effective_at"] for row in rows if row["reason"] in CAUSED]
    return Timeline.of([(dawn, ladder.tier_named(plan.tiers, first)), *changes], caused=caused)


def list_benefits(account_id: uuid.UUID) -> list[BenefitGrant]:
    """Give what tiers granted a member, newest first."""
    return list(BenefitGrant.objects.filter(account_public_id=account_id).order_by("-id")[:200])


NOT_A_MEMBER = "The customer is a member of no program, or of one without tiers."

# The platform facts that tiers offers; with several programs, those of the tier that begins highest.
FACTS = features.PlatformFacts(
    group="tier",
    relation="tiers_customer_facts",
    fields=(
        features.PlatformField(
            *("tier_code", FieldType.TEXT, "Tier", "", "Loyalty"),
            description="The code of the tier now held.",
            null_meaning=NOT_A_MEMBER,
        ),
        features.PlatformField(
            *("tier_name", FieldType.TEXT, "Tier's name", "", "Loyalty"),
            description="The name of the tier now held, as members read it.",
            null_meaning=NOT_A_MEMBER,
        ),
        features.PlatformField(
            *("tier_level", FieldType.INTEGER, "Tier's level", "", "Loyalty"),
            description="How high the tier stands in its program; the lowest is 1.",
            null_meaning=NOT_A_MEMBER,
        ),
        features.PlatformField(
            *("tier_since_at", FieldType.DATETIME, "In the tier since", "", "Loyalty"),
            description="When the customer came to the tier now held.",
            null_meaning=NOT_A_MEMBER,
        ),
        features.PlatformField(
            *("tier_program_code", FieldType.TEXT, "Program of the tier", "", "Loyalty"),
            description="The program in which the tier is held.",
            null_meaning=NOT_A_MEMBER,
        ),
    ),
)

_MOVED = (
    Field("from_tier", FieldType.TEXT, "From tier"),
    Field("to_tier", FieldType.TEXT, "To tier"),
    Field("reason", FieldType.TEXT, "Reason"),
    Field("points_lifetime", FieldType.INTEGER, "Points earned so far"),
)
EVENT_TYPES = (
    EventType("tier.upgraded", "Tier reached", _MOVED),
    EventType("tier.downgraded", "Tier lost", _MOVED),
)

# What is said above, in Arabic.
ARABIC = {
    NOT_A_MEMBER: "العميل ليس عضوًا في أي برنامج، أو برنامجه بلا مستويات.",
    "Tier": "المستوى",
    "The code of the tier now held.": "رمز المستوى الحالي.",
    "Tier's name": "اسم المستوى",
    "The name of the tier now held, as members read it.": "اسم المستوى الحالي كما يقرؤه الأعضاء.",
    "Tier's level": "درجة المستوى",
    "How high the tier stands in its program; the lowest is 1.": "ترتيب المستوى في برنامجه، وأدناها 1.",
    "In the tier since": "في المستوى منذ",
    "When the customer came to the tier now held.": "متى بلغ العميل مستواه الحالي.",
    "Program of the tier": "برنامج المستوى",
    "The program in which the tier is held.": "البرنامج الذي يُحتسب فيه المستوى.",
    "From tier": "من المستوى",
    "To tier": "إلى المستوى",
    "Reason": "السبب",
    "Points earned so far": "مجموع النقاط المكتسبة",
    "Tier reached": "بلوغ مستوى",
    "Tier lost": "فقدان مستوى",
}
