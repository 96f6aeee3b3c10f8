"""Looks at members: find the tier they qualify for and write down what changes, in sets."""

import json
import uuid
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from sqlalchemy import Numeric, Uuid, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import column

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.rules import api as rules
from loyalty.programs import api as programs
from loyalty.tiers.contracts import Column, Reason, Settlement
from loyalty.tiers.policy.terms import terms_for_sql, terms_of

# One statement looks at so many: some hundred milliseconds, so that nobody waits long for a held member.
CHUNK = 2_000
NOTHING = Settlement(0, 0, 0)

SETTLE = """
    SELECT upgraded, downgraded, levelled, warned FROM tiers_settle(%(program)s, %(accounts)s::uuid[],
        %(values)s::numeric[], %(terms)s::jsonb, %(day)s, %(mode)s, %(reason)s, %(effective_at)s, %(is_held)s, %(note)s,
        %(actor)s, %(causation)s, %(now)s)
"""
# What ``tiers_write`` takes for a move: another tier, or one that stands by hand now or stood so before.
CHANGES = """
    SELECT e.account, e.effective_id IS DISTINCT FROM e.has_id OR e.mode <> e.has_mode OR e.mode <> '' AS is_moving
    FROM tiers_look(%(program)s, %(accounts)s::uuid[], %(values)s::numeric[], %(terms)s::jsonb, %(day)s, 'earned',
        %(reason)s, %(now)s, %(now)s) e
    WHERE e.is_changed OR e.effective_id IS DISTINCT FROM e.has_id OR e.mode <> e.has_mode OR e.mode <> ''
"""
FIGURES = """
    SELECT account, points, spend, purchases, points_lifetime, days_enrolled
    FROM tiers_figures(CAST(:accounts AS uuid[]), CAST(:terms AS jsonb), CAST(:day AS date))
"""
FACTS = ("points", "spend", "purchases", "points_lifetime", "days_enrolled")
MEMBERS = """
    SELECT account_public_id FROM programs_membership
    WHERE program_public_id = %s AND left_at IS NULL AND account_public_id > %s ORDER BY account_public_id LIMIT %s
"""
NOBODY = uuid.UUID(int=0)


def rule_values(
    plan: programs.ProgramPlan, accounts: Sequence[uuid.UUID], day: date, now: datetime
) -> dict[uuid.UUID, Decimal]:
    """Give what the program's rule makes of members, where the data is: one statement for all of them."""
    rule = rules.check(terms_of(plan).rule, programs.TIER_SCHEMA, expects="number")
    figures = text(FIGURES).columns(column("account", Uuid()), *(column(name, Numeric()) for name in FACTS))
    found = figures.subquery("f")
    value = rules.compile_value(rule, {name: found.c[name] for name in FACTS}, now=now)
    statement = select(found.c.account, value.label("value"))
    given = {"accounts": [str(one) for one in accounts], "terms": json.dumps(terms_for_sql(plan)), "day": day}
    compiled = statement.params(**given).compile(dialect=postgresql.dialect(paramstyle="pyformat"))  # type: ignore[no-untyped-call]
    rows = sql.fetch_all(str(compiled), {**compiled.params, **given})
    return {row["account"]: row["value"] for row in rows}


def midnight(zone: str, day: date) -> datetime:
    """Give the instant at which a business day begins."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone))


def settle(
    plan: programs.ProgramPlan,
    accounts: Sequence[uuid.UUID],
    *,
    mode: str,
    actor: Actor,
    now: datetime,
    day: date | None = None,
    reason: str = "",
    effective_at: datetime | None = None,
    is_held: bool = False,
    note: str = "",
    causation_id: uuid.UUID | None = None,
) -> tuple[Settlement, int]:
    """Look at members on a business day (today's if none is given) in a mode of ``tiers_look``; write what changes.

    Give how many moved, and how many were warned. ``is_held``: the caller holds them already.
    """
    day = day or programs.business_date(plan.timezone, now)
    row = sql.fetch_one(
        SETTLE,
        {
            "program": plan.program_id,
            "accounts": list(accounts),
            "values": _given_values(plan, accounts, day, now),
            "terms": json.dumps(terms_for_sql(plan)),
            "day": day,
            "mode": mode,
            "reason": reason,
            "effective_at": effective_at or now,
            "is_held": is_held,
            "note": note,
            "actor": actor.ref,
            "causation": causation_id,
            "now": now,
        },
    )
    if row is None:
        return NOTHING, 0
    return Settlement(row["upgraded"] or 0, row["downgraded"] or 0, row["levelled"] or 0), row["warned"]


def look_for_change(
    plan: programs.ProgramPlan, accounts: Sequence[uuid.UUID], now: datetime
) -> tuple[list[uuid.UUID], list[uuid.UUID]]:
    """Look at members, whom the caller holds, for what they have earned; nothing is written.

    Give whose tier moves, or stands by hand, and of whom merely the state is to be written, in the order given.
    """
    day = programs.business_date(plan.timezone, now)
    values = _given_values(plan, accounts, day, now)
    rows = sql.fetch_all(
        CHANGES,
        {
            "program": plan.program_id, "accounts": list(accounts), "values": values,
            "terms": json.dumps(terms_for_sql(plan)), "day": day, "reason": Reason.EARNED.value, "now": now,
        },
    )  # fmt: skip
    is_moving = {row["account"]: row["is_moving"] for row in rows}
    changing = [account for account in accounts if account in is_moving]
    return [one for one in changing if is_moving[one]], [one for one in changing if not is_moving[one]]


def _given_values(
    plan: programs.ProgramPlan, accounts: Sequence[uuid.UUID], day: date, now: datetime
) -> list[Decimal | None] | None:
    if terms_of(plan).column is not Column.RULE:
        return None
    found = rule_values(plan, accounts, day, now)
    return [found.get(account) for account in accounts]


def hold(accounts: Sequence[uuid.UUID]) -> None:
    """Hold members' tiers still until the end of the transaction."""
    sql.fetch_all("SELECT programs_lock_members(%s::uuid[])", [list(accounts)])


@transaction.atomic
def qualify_member(
    *,
    program_id: uuid.UUID,
    account_id: uuid.UUID,
    causation_id: uuid.UUID | None,
    actor: Actor,
    now: datetime,
    effective_at: datetime | None = None,
) -> Settlement:
    """Raise a member's tier when what it did reaches a higher one; nobody falls here.

    Doing it twice, or twice at once, raises once. ``effective_at`` is the business instant that raised it.
    """
    plan = programs.get_plan(program_id, at=now)
    settled, _ = settle(
        plan,
        [account_id],
        mode="earned",
        reason=Reason.EARNED.value,
        effective_at=effective_at,
        causation_id=causation_id,
        actor=actor,
        now=now,
    )
    if settled.upgraded:
        audit.record(
            actor=actor,
            act="tiers.upgrade",
            subject_kind="account",
            subject_ref=str(account_id),
            at=now,
            reason=Reason.EARNED.value,
        )
    return settled


def list_chunks(program_id: uuid.UUID) -> Iterator[list[uuid.UUID]]:
    """Give the accounts of all members of a program, chunk by chunk."""
    last = NOBODY
    while rows := sql.fetch_all(MEMBERS, [program_id, last, CHUNK]):
        accounts = [row["account_public_id"] for row in rows]
        yield accounts
        last = accounts[-1]


@transaction.atomic
def recalculate_program(
    *,
    program_id: uuid.UUID,
    causation_id: uuid.UUID | None,
    actor: Actor,
    now: datetime,
    reason: Reason = Reason.TIERS_CHANGED,
) -> Settlement:
    """Go by a changed ladder: give all members of a program the tier that they have now, chunk by chunk.

    Where all time counts, members fall at once to what they have earned; where periods count, what they reached stays
    until its end, and who has lost its tier gets the one below. A tier that was given by hand is not taken away.
    """
    plan = programs.get_plan(program_id, at=now)
    settled = NOTHING
    for accounts in list_chunks(program_id):
        done, _ = settle(
            plan, accounts, mode="changed", reason=reason.value, causation_id=causation_id, actor=actor, now=now
        )
        settled += done
    record_recalculation(program_id, settled, reason, actor, now)
    return settled


def record_recalculation(
    program_id: uuid.UUID, settled: Settlement, reason: Reason, actor: Actor, now: datetime
) -> None:
    """Write the audit row of a look at all members, when it moved somebody."""
    if settled == NOTHING:
        return
    audit.record(
        actor=actor,
        act="tiers.recalculate",
        subject_kind="program",
        subject_ref=str(program_id),
        at=now,
        after={"upgraded": settled.upgraded, "downgraded": settled.downgraded, "levelled": settled.levelled},
        reason=reason.value,
    )
