"""The daily settling: falls, the next period's tiers, ends of manual tiers, warnings; in sets, resumable."""

import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work
from loyalty.programs import api as programs
from loyalty.tiers.contracts import Reason, Settlement
from loyalty.tiers.models import SettledDay
from loyalty.tiers.operations.benefits import award_benefits
from loyalty.tiers.operations.looking import CHUNK, NOTHING, hold, list_chunks, midnight, record_recalculation, settle
from loyalty.tiers.operations.recounting import recount_chunk
from loyalty.tiers.policy.terms import looks_at_everybody, terms_for_sql, terms_of

SETTLE_KIND = "tiers.settle"
RECALCULATE_KIND = "tiers.recalculate"
# A program that was not settled for longer (a restored copy) begins again with today: nobody falls for days long gone.
DAYS_BEHIND_MAX = 400
DUE = "SELECT tiers_list_due(%s, %s, %s, %s, %s) AS account"
COUNT_MEMBERS = "SELECT count(*) AS n FROM programs_membership WHERE program_public_id = %s"
COUNT_DUE = """
    SELECT count(*) AS n FROM tiers_member_state WHERE program_public_id = %s AND (look_on <= %s OR manual_until <= %s)
"""
MANUAL_DUE = """
    SELECT s.account_public_id FROM tiers_member_state s
    JOIN programs_membership m ON m.account_public_id = s.account_public_id AND m.left_at IS NULL
    WHERE s.program_public_id = %s AND s.manual_until <= %s LIMIT %s
"""


def settle_due(*, actor: Actor, now: datetime) -> int:
    """Begin the settling of every program whose day has turned, end manual tiers that are over, and pay what waits.

    Give how many runs were begun.
    """
    begun = 0
    for plan in programs.list_active_plans(at=now):
        if not is_settled(plan, now):
            with suppress(work.RunAlreadyActive):
                start_settling(program_id=plan.program_id, actor=actor, now=now)
                begun += 1
        end_manual_tiers(plan, actor=actor, now=now)
    while award_benefits(now=now):
        pass
    return begun


def is_settled(plan: programs.ProgramPlan, now: datetime) -> bool:
    """Tell whether a program's settling is complete for today, by the promise that is in force."""
    today = programs.business_date(plan.timezone, now)
    done = SettledDay.objects.filter(program_public_id=plan.program_id).first()
    return done is not None and done.settled_on >= today and done.terms_hash == hash_of(plan)


def hash_of(plan: programs.ProgramPlan) -> str:
    """Give a short name for what the settling goes by: a scheduled version takes force without anybody's doing."""
    ladder = [[str(tier.id), tier.code, tier.min_points] for tier in plan.tiers]
    return hashlib.sha256(json.dumps([terms_for_sql(plan), ladder], sort_keys=True).encode()).hexdigest()


def start_settling(*, program_id: uuid.UUID, actor: Actor, now: datetime) -> work.RunView:
    """Put the settling of a program in line.

    :raises RunAlreadyActive: it is under way.
    """
    return _start(SETTLE_KIND, program_id, {}, actor, now)


def start_recalculation(*, program_id: uuid.UUID, is_recount: bool, actor: Actor, now: datetime) -> work.RunView:
    """Put a look at all members of a program in line; ``is_recount``: count first what nobody has counted yet.

    :raises ProgramNotFound: there is no such program.
    :raises RunAlreadyActive: it is under way.
    """
    programs.get_plan(program_id, at=now)
    return _start(RECALCULATE_KIND, program_id, {"is_recount": is_recount}, actor, now)


def _start(kind: str, program_id: uuid.UUID, params: dict[str, Any], actor: Actor, now: datetime) -> work.RunView:
    return work.start(
        kind=kind, subject_kind="program", subject_ref=str(program_id), params=params, actor=actor, now=now
    )


@transaction.atomic
def end_manual_tiers(plan: programs.ProgramPlan, *, actor: Actor, now: datetime) -> Settlement:
    """Take off the manual tiers that are over; each member has the tier by qualification again."""
    rows = sql.fetch_all(MANUAL_DUE, [plan.program_id, now, CHUNK])
    if not rows:
        return NOTHING
    accounts = [row["account_public_id"] for row in rows]
    hold(accounts)
    return settle(plan, accounts, mode="assigned", is_held=True, actor=actor, now=now)[0]


def settle_program(context: work.RunContext) -> dict[str, Any]:
    """Settle a program day by day up to today; give ``{days, looked, upgraded, downgraded, levelled, warned}``.

    Each chunk commits on its own, and who was looked at is due on a later day, so a killed run goes on where it
    stopped.
    """
    program_id, now = uuid.UUID(context.subject_ref), context.now
    plan = programs.get_plan(program_id, at=now)
    today = programs.business_date(plan.timezone, now)
    if _promise_changed(plan):
        recalculate_in_chunks(context, plan, Reason.TIERS_CHANGED)
    total, looked, warned, days = NOTHING, 0, 0, 0
    for day in days_to_settle(plan, today):
        expected = _count_due(plan, day, now)
        context.report(f"settling {day}", 0, expected)
        for accounts, settled, told in settle_day(plan, day, actor=context.actor, now=now):
            total, warned, looked = total + settled, warned + told, looked + accounts
            context.report(f"settling {day}", looked, max(expected, looked))
        _mark_settled(plan, day)
        days += 1
    while award_benefits(now=now):
        context.report("paying benefits", looked, looked)
    record_recalculation(program_id, total, Reason.NOT_KEPT, context.actor, now)
    return {"days": days, "looked": looked, "warned": warned, **_told(total)}


def _told(settled: Settlement) -> dict[str, int]:
    return {"upgraded": settled.upgraded, "downgraded": settled.downgraded, "levelled": settled.levelled}


def _promise_changed(plan: programs.ProgramPlan) -> bool:
    done = SettledDay.objects.filter(program_public_id=plan.program_id).first()
    return done is not None and done.terms_hash != hash_of(plan)


def days_to_settle(plan: programs.ProgramPlan, today: date) -> list[date]:
    """Give the days that are still to be settled, the oldest first; today alone for a program that never was."""
    done = SettledDay.objects.filter(program_public_id=plan.program_id).first()
    if done is None or (today - done.settled_on).days > DAYS_BEHIND_MAX:
        return [today]
    return [done.settled_on + timedelta(days=n) for n in range(1, (today - done.settled_on).days + 1)] or [today]


def _mark_settled(plan: programs.ProgramPlan, day: date) -> None:
    SettledDay.objects.update_or_create(
        program_public_id=plan.program_id, defaults={"settled_on": day, "terms_hash": hash_of(plan)}
    )


def _count_due(plan: programs.ProgramPlan, day: date, now: datetime) -> int:
    row = sql.fetch_one(COUNT_DUE, [plan.program_id, day, now])
    return int(row["n"]) if row else 0


def settle_day(
    plan: programs.ProgramPlan, day: date, *, actor: Actor, now: datetime
) -> Iterator[tuple[int, Settlement, int]]:
    """Settle one business day; give after each committed chunk how many were looked at, moved, and warned."""
    takes_unknown = looks_at_everybody(terms_of(plan))
    before: set[uuid.UUID] = set()
    while True:
        with transaction.atomic():
            rows = sql.fetch_all(DUE, [plan.program_id, day, takes_unknown, now, CHUNK])
            accounts = [row["account"] for row in rows]
            if not accounts:
                return
            if before == set(accounts):
                raise RuntimeError("Members stay due after they were looked at; the settling would not end.")
            before = set(accounts)
            hold(accounts)
            settled, warned = settle(
                plan,
                accounts,
                mode="daily",
                day=day,
                effective_at=midnight(plan.timezone, day),
                is_held=True,
                actor=actor,
                now=now,
            )
        yield len(accounts), settled, warned


def recalculate_run(context: work.RunContext) -> dict[str, Any]:
    """Look at all members because someone asked; give ``{looked, counted, upgraded, downgraded, levelled}``."""
    plan = programs.get_plan(uuid.UUID(context.subject_ref), at=context.now)
    counted = recount_in_chunks(context, plan) if context.params.get("is_recount") else 0
    looked, settled = recalculate_in_chunks(context, plan, Reason.RECALCULATED)
    while award_benefits(now=context.now):
        context.report("paying benefits", looked, looked)
    return {"looked": looked, "counted": counted, **_told(settled)}


def recount_in_chunks(context: work.RunContext, plan: programs.ProgramPlan) -> int:
    """Count what the ledger holds of members and nobody has counted yet; give how many transactions were new."""
    counted = done = 0
    total = _count_members(plan)
    for accounts in list_chunks(plan.program_id):
        with transaction.atomic():
            counted += recount_chunk(plan, accounts)
        done += len(accounts)
        context.report("counting", done, total)
    return counted


def recalculate_in_chunks(
    context: work.RunContext, plan: programs.ProgramPlan, reason: Reason
) -> tuple[int, Settlement]:
    """Look at all members of a program, each chunk in a transaction of its own; give how many, and who moved."""
    looked, total, settled = 0, _count_members(plan), NOTHING
    for accounts in list_chunks(plan.program_id):
        with transaction.atomic():
            hold(accounts)
            done, _ = settle(plan, accounts, mode="changed", reason=reason.value, actor=context.actor, now=context.now)
        settled, looked = settled + done, looked + len(accounts)
        context.report("looking at members", looked, max(total, looked))
    record_recalculation(plan.program_id, settled, reason, context.actor, context.now)
    return looked, settled


def _count_members(plan: programs.ProgramPlan) -> int:
    row = sql.fetch_one(COUNT_MEMBERS, [plan.program_id])
    return int(row["n"]) if row else 0
