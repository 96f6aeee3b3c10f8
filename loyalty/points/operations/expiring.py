"""The end of points: lots that are due, accounts that sleep, and the warnings before; by program, chunk by chunk."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.foundation.work import api as work
from loyalty.ledger import api as ledger
from loyalty.points.contracts import ExpiryReport
from loyalty.programs import api as programs

RUN_KIND = "points.expire"
# A hundred chunks of a thousand lots keep one call within some seconds; the beat rings again.
CHUNKS_PER_CALL = 100
CHUNK_ACCOUNTS = 1_000
# Inner account numbers looked through by one statement of warnings: some tens of thousands of lots.
WARN_SPAN = 20_000

LAST_ACCOUNT = "SELECT coalesce(max(account_id), 0) AS last FROM ledger_account_summary"
WARN = "SELECT warnings, points FROM points_warn_expiring(%s, %s::uuid[], %s::integer[], %s, %s)"
# The members of tiers with a period of their own among the accounts that the next chunk looks at.
OF_TIERS = """
    SELECT x.owner_ref, m.tier_code FROM (
        SELECT s.account_id, s.owner_ref FROM ledger_account_summary s
        WHERE s.program_ref = %(program)s AND s.wallet = %(wallet)s AND s.kind IN ('member', 'pool')
            AND s.account_id > coalesce(%(after)s, 0)
        ORDER BY s.account_id LIMIT %(limit)s) x
    JOIN programs_membership m ON m.customer_public_id = x.owner_ref AND m.program_public_id = %(program)s
    WHERE m.tier_code = ANY(%(tiers)s)
"""
BEGIN_DAY = """
    INSERT INTO points_daily_work AS d (program_public_id, business_date) VALUES (%s, %s)
    ON CONFLICT (program_public_id) DO UPDATE SET business_date = excluded.business_date
    WHERE d.business_date < excluded.business_date
    RETURNING business_date
"""


def expire_due(*, actor: Actor, now: datetime) -> ExpiryReport:
    """Move points whose life has ended to breakage; each chunk commits with its audit row, so a kill loses nothing."""
    lots = points = accounts = 0
    for _ in range(CHUNKS_PER_CALL):
        chunk = _expire_chunk(actor, now)
        if chunk.lots_expired == 0:
            return ExpiryReport(lots_expired=lots, points_expired=points, accounts_touched=accounts, is_complete=True)
        lots += chunk.lots_expired
        points += chunk.points_expired
        accounts += chunk.accounts_touched
    return ExpiryReport(lots_expired=lots, points_expired=points, accounts_touched=accounts, is_complete=False)


def _expire_chunk(actor: Actor, now: datetime) -> ledger.ExpiryChunk:
    with transaction.atomic():
        chunk = ledger.expire_due_lots(now=now)
        maybe_fail("expire.chunk_posted")
        if chunk.lots_expired:
            _audit_chunk(chunk, "due", None, actor, now)
    maybe_fail("expire.chunk_committed")
    return chunk


def expire_inactive(
    *, plan: programs.ProgramPlan, wallet: str, actor: Actor, now: datetime, after: int | None = None
) -> tuple[ledger.ExpiryChunk, int | None]:
    """Expire one chunk of accounts on which nothing was earned or burned for the program's time; give where to go on.

    A program whose points do not end with inactivity has nothing to expire here. A member's time is that of the tier
    now held, where the tier has one of its own; a household's is the program's.
    """
    since = programs.inactive_since(plan, now)
    if since is None:
        return ledger.ExpiryChunk(lots_expired=0, points_expired=0, accounts_touched=0), None
    with transaction.atomic():
        chunk = ledger.expire_inactive(
            program_ref=plan.program_id, inactive_since=since, now=now, wallet=wallet, after=after,
            limit=CHUNK_ACCOUNTS, inactive_since_of=_sinces_of_tiers(plan, wallet, after, now),
        )  # fmt: skip
        done = ledger.ExpiryChunk(
            lots_expired=chunk.lots_expired,
            points_expired=chunk.points_expired,
            accounts_touched=chunk.accounts_touched,
        )
        if chunk.lots_expired:
            _audit_chunk(done, "inactivity", plan.program_id, actor, now)
    return done, chunk.next_after


def _sinces_of_tiers(
    plan: programs.ProgramPlan, wallet: str, after: int | None, now: datetime
) -> dict[uuid.UUID, datetime]:
    sinces = {code: programs.inactive_since(plan, now, code) for code in plan.expiry.tier_overrides}
    if not sinces:
        return {}
    asked = {"program": plan.program_id, "wallet": wallet, "after": after, "limit": CHUNK_ACCOUNTS}
    rows = sql.fetch_all(OF_TIERS, asked | {"tiers": list(sinces)})
    found = {row["owner_ref"]: sinces[row["tier_code"]] for row in rows}
    return {owner: since for owner, since in found.items() if since is not None}


def warn_expiring(*, plans: Sequence[programs.ProgramPlan], now: datetime, after: int, until: int) -> tuple[int, int]:
    """Warn owners of accounts ``after < inner id <= until``, each date and offset once; give warnings and points."""
    pairs = [(plan.program_id, days) for plan in plans for days in plan.expiry.warn_days_before]
    if not pairs:
        return 0, 0
    row = sql.fetch_one(WARN, [now, [one for one, _ in pairs], [days for _, days in pairs], after, until])
    return (int(row["warnings"]), int(row["points"])) if row else (0, 0)


def start_daily_work(*, actor: Actor, now: datetime) -> int:
    """Put the daily work of every active program whose day has changed in line; give how many."""
    started = 0
    for plan in programs.list_active_plans(at=now):
        with transaction.atomic():
            today = programs.business_date(plan.timezone, now)
            if sql.fetch_one(BEGIN_DAY, [plan.program_id, today]) is None:
                continue
            try:
                start_expiry(program_id=plan.program_id, actor=actor, now=now)
            except work.RunAlreadyActive:
                continue
        started += 1
    return started


def start_expiry(*, program_id: uuid.UUID, actor: Actor, now: datetime) -> work.RunView:
    """Put the daily work of a program in line: expire what is due and what sleeps, warn of what is next.

    :raises ProgramNotFound: there is no such program.
    :raises RunAlreadyActive: it is under way.
    """
    programs.get_plan(program_id, at=now)
    return work.start(
        kind=RUN_KIND, subject_kind="program", subject_ref=str(program_id), params={}, actor=actor, now=now
    )


def execute(context: work.RunContext) -> dict[str, Any]:
    """Do the daily work of a program, as a run. Each chunk commits, so another worker goes on where one was lost."""
    program_id, now, actor = uuid.UUID(context.subject_ref), context.now, context.actor
    plan = programs.get_plan(program_id, at=now)
    result = {"lots_expired": 0, "points_expired": 0, "accounts_touched": 0, "warnings": 0, "points_expiring": 0}
    context.report("expiring")
    while (chunk := _expire_chunk(actor, now)).lots_expired:
        _add(result, chunk)
        context.report("expiring", result["lots_expired"])
    for wallet in plan.wallets:
        after: int | None = None
        while True:
            chunk, after = expire_inactive(plan=plan, wallet=wallet.code, actor=actor, now=now, after=after)
            _add(result, chunk)
            context.report("inactive accounts", result["lots_expired"])
            if after is None:
                break
    last = int((sql.fetch_one(LAST_ACCOUNT) or {"last": 0})["last"])
    for start in range(0, last, WARN_SPAN):
        warnings, points = warn_expiring(plans=[plan], now=now, after=start, until=start + WARN_SPAN)
        result["warnings"] += warnings
        result["points_expiring"] += points
        context.report("warning", min(start + WARN_SPAN, last), last)
    return dict(result)


def _add(result: dict[str, int], chunk: ledger.ExpiryChunk) -> None:
    result["lots_expired"] += chunk.lots_expired
    result["points_expired"] += chunk.points_expired
    result["accounts_touched"] += chunk.accounts_touched


def _audit_chunk(
    chunk: ledger.ExpiryChunk, cause: str, program_id: uuid.UUID | None, actor: Actor, now: datetime
) -> None:
    audit.record(
        actor=actor,
        act="points.expire",
        subject_kind="ledger" if program_id is None else "program",
        subject_ref="expiry" if program_id is None else str(program_id),
        at=now,
        after={"cause": cause, "lots_expired": chunk.lots_expired, "points_expired": chunk.points_expired},
    )
