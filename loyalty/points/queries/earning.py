"""What an earn reads: the member with its program, household and given rules, in one statement for one or for many."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from loyalty.foundation.orm import sql
from loyalty.points import policy
from loyalty.points.contracts import Key, MemberFacts, MemberRef
from loyalty.points.queries.members import read_overdue
from loyalty.points.registry import list_member_facts, list_tiers_at
from loyalty.programs.contracts import ProgramPlan

ONE = "SELECT * FROM points_seen(%s, %s, %s, %s, %s, %s)"
MANY_BY_ACCOUNT = "SELECT * FROM points_seen_members WHERE account_id = ANY(%s::uuid[])"
MANY_BY_CUSTOMER = """
    SELECT * FROM points_seen_members
    WHERE (customer_id, program_id) IN (SELECT * FROM unnest(%s::uuid[], %s::uuid[]))
"""
# A purchase that earned nothing counts too; a refused one has a code with a dot.
PURCHASES = """
    SELECT (SELECT count(*) FROM points_nothing_earned x WHERE x.account_public_id = n.account
            AND x.occurred_at < n.at AND position('.' IN x.reason) = 0)
        + (SELECT count(*) FROM ledger_member_flow f WHERE f.account_public_id = n.account AND f.kind = 'earn'
            AND f.occurred_at < n.at AND f.confirms IS NULL AND f.context ->> 'counts_purchase' = 'true') AS purchases
    FROM unnest(%s::uuid[], %s::timestamptz[]) WITH ORDINALITY AS n (account, at, place) ORDER BY n.place
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A member, the edit counter of its program, and whether the key asked about has an answer of nothing."""

    member: MemberFacts
    edit_version: int
    is_answered: bool


def find_seen(ref: MemberRef, key: Key) -> Seen | None:
    """Give the member that a reference names, read in one statement together with the key; None when there is none."""
    asked = [ref.account_id, ref.customer_id, ref.customer_ref, ref.program_id, key.scope, key.key]
    rows = sql.fetch_prepared(ONE, asked)
    if not rows or ref.program_id not in (None, rows[0]["program_id"]):
        return None
    is_answered = rows[0].pop("is_answered")
    return _seen(rows[0], is_answered)


def list_seen(account_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Seen]:
    """Give members by their accounts, in one statement."""
    rows = sql.fetch_all(MANY_BY_ACCOUNT, [list(account_ids)]) if account_ids else []
    return {row["account_id"]: _seen(row, False) for row in rows}


def list_seen_of(pairs: Sequence[tuple[uuid.UUID, uuid.UUID]]) -> dict[tuple[uuid.UUID, uuid.UUID], Seen]:
    """Give members by (customer, program), in one statement."""
    columns = [[customer for customer, _ in pairs], [program for _, program in pairs]]
    rows = sql.fetch_all(MANY_BY_CUSTOMER, columns) if pairs else []
    return {(row["customer_id"], row["program_id"]): _seen(row, False) for row in rows}


def _seen(row: dict[str, Any], is_answered: bool) -> Seen:
    edit_version, given = row.pop("edit_version"), row.pop("rules_given")
    return Seen(MemberFacts(**row, rules_given=frozenset(given or ())), edit_version, is_answered)


def complete(asked: Sequence[tuple[MemberFacts, ProgramPlan, datetime]], *, now: datetime) -> list[MemberFacts]:
    """Add to members what their version's rules read of them: segments and points as they are now, purchases before,
    past tiers.

    In sets: each provider is asked once, and what no rule reads is not asked.
    """
    members = [member for member, _, _ in asked]
    read = [policy.fields_read(plan) for _, plan, _ in asked]
    of_segments = [n for n, names in enumerate(read) if "segment_codes" in names]
    segments = list_member_facts("segment_codes", list({members[n].customer_id for n in of_segments}), now)
    for n in of_segments:
        members[n] = replace(members[n], segment_codes=tuple(segments.get(members[n].customer_id, ())))
    of_balance = [n for n, names in enumerate(read) if "points_balance" in names]
    for n, member in zip(of_balance, read_overdue([members[n] for n in of_balance], now=now), strict=True):
        members[n] = member
    counted = [n for n, names in enumerate(read) if "purchase_count" in names]
    counts = _purchases([members[n].account_id for n in counted], [asked[n][2] for n in counted])
    for n, count in zip(counted, counts, strict=True):
        members[n] = replace(members[n], purchase_count=count)
    for n, (member, _, at) in enumerate(asked):
        # An event from before the member came to today's tier goes by the tier of that time.
        if member.tier_since_at is not None and at < member.tier_since_at:
            known = list_tiers_at([member.account_id], at)
            if member.account_id in known:
                tier = known[member.account_id]
                members[n] = replace(members[n], tier_code=tier[0] if tier else None)
    return members


def _purchases(account_ids: Sequence[uuid.UUID], instants: Sequence[datetime]) -> list[int]:
    """Give how many purchases members made before an instant, also those that earned nothing."""
    rows = sql.fetch_all(PURCHASES, [list(account_ids), list(instants)]) if account_ids else []
    return [row["purchases"] for row in rows]
