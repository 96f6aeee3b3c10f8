"""Late purchases: what a member would have been is worked out anew by business date, and never downwards."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.ledger import api as ledger
from loyalty.points import api as points
from loyalty.programs import api as programs
from loyalty.tiers import queries
from loyalty.tiers.contracts import Column, DayFigures, Direction, ManualMode, Reason, Track
from loyalty.tiers.models import MemberState, TierChange
from loyalty.tiers.operations.counting import Counted, list_days, spend_of, wallet_column
from loyalty.tiers.operations.looking import hold, midnight, settle
from loyalty.tiers.policy.calendar import DAY, window_on
from loyalty.tiers.policy.ladder import highest, open_to_all
from loyalty.tiers.policy.standing import History, Member, Turn, floor_of, replay, value_in
from loyalty.tiers.policy.terms import terms_of
from loyalty.tiers.policy.timeline import Timeline, raised

# A member's earns since a late purchase; nobody buys more often than this in the days a late purchase may lie back.
EARNS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Correction:
    """What a late purchase changed: the tiers from when on, or nothing."""

    since: datetime
    timeline: Timeline


@transaction.atomic
def take_late_purchase(
    *, counted: Counted, occurred_at: datetime, causation_id: uuid.UUID, actor: Actor, now: datetime
) -> Correction | None:
    """Give a member, from the business instant on, the tier that a late purchase would have given it in time.

    The history is written anew from there and what stood in it is superseded; then points corrects the earns that came
    after. Nothing is taken away backwards. None when the purchase changes no tier.
    """
    member, plan = counted.member, counted.plan
    hold([member.account_id])
    state = MemberState.objects.filter(account_public_id=member.account_id).first()
    if state is not None and state.manual_mode == ManualMode.PIN.value:
        return None
    recorded = queries.timeline_of(member.account_id, plan)
    replayed, final = _replay_both(plan, counted, causation_id, now)
    corrected = raised(recorded, replayed, since=occurred_at)
    first = corrected.first_difference(recorded)
    if first is None:
        return None
    _keep_final(plan, member.account_id, final, corrected, causation_id, actor, now)
    _rewrite(member, corrected, first, causation_id, actor, now)
    audit.record(
        actor=actor,
        act="tiers.correct",
        subject_kind="account",
        subject_ref=str(member.account_id),
        at=now,
        after={"since": first.isoformat(), "tiers": [code for _, code in corrected.codes_since(first)]},
        reason=Reason.LATE_PURCHASE.value,
    )
    points.correct_earns(
        account_id=member.account_id,
        since=first,
        tier_timeline=corrected.codes_since(first),
        causation_id=causation_id,
        actor=actor,
        now=now,
    )
    return Correction(first, corrected)


def _replay_both(
    plan: programs.ProgramPlan, counted: Counted, late_id: uuid.UUID, now: datetime
) -> tuple[Timeline, Track]:
    """Give the tiers where the purchase makes a difference, and where the member would stand today because of it."""
    terms, ladder = terms_of(plan), open_to_all(plan.tiers)
    joined = programs.business_date(plan.timezone, counted.member.enrolled_at)
    tomorrow = programs.business_date(plan.timezone, now) + DAY
    days = list_days(counted.member.account_id)
    late = counted.figures
    without = [_less(one, late) if one.day == late.day else one for one in days]
    start = min([joined, *(one.day for one in days)])
    earns = ledger.list_transactions(
        account_ids=[counted.member.account_id], kind=ledger.TransactionKind.EARN, limit=EARNS_MAX
    )
    first = Track(highest(ladder, 0), None)
    lives = []
    for figures, known in ((days, earns), (without, [one for one in earns if one.transaction_id != late_id])):
        member = Member(joined, History(figures))
        turns, final = replay(terms, ladder, member, first, start, tomorrow)
        found = [(_purchase_of(plan, member, turn, known), turn) for turn in turns]
        dated = [(at or midnight(plan.timezone, turn.day), turn.track.tier) for at, turn in found]
        caused = [at for at, _ in found if at is not None]
        lives.append((Timeline.of([(midnight(plan.timezone, start), first.tier), *dated], caused=caused), final))
    (with_it, final), (without_it, final_without) = lives
    is_due_to_it = floor_of(final.tier) > floor_of(final_without.tier)
    return with_it.where_above(without_it), final if is_due_to_it else Track(None, None)


def _less(day: DayFigures, late: DayFigures) -> DayFigures:
    return DayFigures(
        day=day.day,
        points=day.points - late.points,
        points_status=day.points_status - late.points_status,
        spend=day.spend - late.spend,
        purchases=day.purchases - late.purchases,
    )


def _purchase_of(
    plan: programs.ProgramPlan, member: Member, turn: Turn, earns: Sequence[ledger.TransactionView]
) -> datetime | None:
    """Give the instant of the purchase that reached the tier of a turn; None for one that comes with the day."""
    terms = terms_of(plan)
    begins, ends = midnight(plan.timezone, turn.day), midnight(plan.timezone, turn.day + DAY)
    is_counted = terms.column not in (Column.TENURE, Column.RULE) and not terms.is_next
    if not is_counted or floor_of(turn.track.tier) < floor_of(turn.before):
        return None
    value = value_in(terms, member, replace(window_on(terms, member.joined, turn.day), counts_until=turn.day))
    for earn in sorted(earns, key=lambda one: one.occurred_at):
        if begins <= earn.occurred_at < ends:
            value += _worth(terms.column, plan, earn)
            if value >= floor_of(turn.track.tier):
                return earn.occurred_at
    return None


def _worth(column: Column, plan: programs.ProgramPlan, earn: ledger.TransactionView) -> Decimal:
    spend, purchases = spend_of(earn.context or {})
    if column is Column.SPEND:
        return spend
    if column is Column.PURCHASES:
        return Decimal(purchases)
    wanted = "points_status" if column is Column.POINTS_STATUS else "points"
    return Decimal(earn.points_change if wallet_column(plan, programs.WALLET_MAIN) == wanted else 0)


def _keep_final(
    plan: programs.ProgramPlan,
    account_id: uuid.UUID,
    final: Track,
    corrected: Timeline,
    causation_id: uuid.UUID,
    actor: Actor,
    now: datetime,
) -> None:
    """Give the member the tier that it would have today, when that is above the one it has."""
    if final.tier is None or final.kept_until is None:
        return
    sql.fetch_all("SELECT tiers_raise_track(%s, %s, %s)", [account_id, final.tier.id, final.kept_until])
    settle(
        plan,
        [account_id],
        mode="assigned",
        reason=Reason.LATE_PURCHASE.value,
        effective_at=corrected.since(final.tier),
        causation_id=causation_id,
        is_held=True,
        actor=actor,
        now=now,
    )


def _rewrite(
    member: points.MemberFacts,
    corrected: Timeline,
    first: datetime,
    causation_id: uuid.UUID,
    actor: Actor,
    now: datetime,
) -> None:
    """Supersede what the history said from an instant on, and write it anew."""
    rows = TierChange.objects.filter(
        account_public_id=member.account_id, superseded_at__isnull=True, effective_at__gte=first
    )
    known: dict[tuple[datetime, str | None], dict[str, Any]] = {
        (row.effective_at, row.to_code): {"reason": row.reason, "note": row.note, "actor_ref": row.actor_ref}
        for row in rows
    }
    rows.update(superseded_at=now)
    before = corrected.before(first)
    changes: list[TierChange] = []
    for at, tier in corrected.turns_since(first):
        changes.append(_change(member, at, before, tier, known, causation_id, actor, now))
        before = tier
    TierChange.objects.bulk_create(changes)


def _change(
    member: points.MemberFacts,
    at: datetime,
    before: programs.TierPlan | None,
    tier: programs.TierPlan | None,
    known: dict[tuple[datetime, str | None], dict[str, Any]],
    causation_id: uuid.UUID,
    actor: Actor,
    now: datetime,
) -> TierChange:
    code = tier.code if tier else None
    kept = known.get((at, code), {"reason": Reason.LATE_PURCHASE.value, "note": "", "actor_ref": actor.ref})
    low, high = floor_of(before), floor_of(tier)
    direction = Direction.UP if high > low else Direction.DOWN if high < low else Direction.LEVEL
    return TierChange(
        customer_public_id=member.customer_id,
        account_public_id=member.account_id,
        program_public_id=member.program_id,
        from_code=before.code if before else None,
        to_code=code,
        direction=direction.value,
        points_lifetime=member.points_lifetime,
        causation_id=causation_id,
        effective_at=at,
        recorded_at=now,
        **kept,
    )
