"""What an earn reads: the member with its program, household and given rules, in one statement for one or for many."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from loyalty.foundation.orm import sql
from loyalty.points import policy
from loyalty.points.contracts import Key, MemberFacts, MemberRef
from loyalty.points.registry import list_member_facts, list_tiers_at
from loyalty.programs.contracts import ProgramPlan

# The joins run over the member's own rows by their keys; the counter of purchases is read only where a rule asks.
SEEN = """
    SELECT m.account_public_id AS account_id, m.customer_public_id AS customer_id, d.customer_ref,
        m.program_public_id AS program_id, m.tier_code, m.tier_since_at, m.enrolled_at,
        s.points_available, s.points_posted, s.lifetime_points_earned AS points_lifetime, s.status,
        p.edit_version, o.public_id AS pool_id,
        CASE WHEN h.is_earning_into_pool THEN o.account_public_id END AS pool_account_id,
        (SELECT array_agg(g.rule_code) FROM points_rule_given g WHERE g.account_public_id = m.account_public_id)
            AS rules_given
    FROM programs_membership m
    JOIN ledger_account_summary s ON s.account_id = m.account_id
    JOIN customers_directory d ON d.customer_id = m.customer_id
    JOIN programs_directory p ON p.program_id = m.program_id
    LEFT JOIN points_pool_member h ON h.customer_public_id = m.customer_public_id
        AND h.program_public_id = m.program_public_id AND h.left_at IS NULL
    LEFT JOIN points_pool o ON o.id = h.pool_id AND o.status = 'ACTIVE'
"""
ONE = f"""
    SELECT x.*, EXISTS (SELECT FROM points_nothing_earned n
                        WHERE n.idempotency_scope = %(scope)s AND n.idempotency_key = %(key)s) AS is_answered
    FROM ({SEEN} WHERE {{condition}}) x
"""
BY_ACCOUNT = ONE.format(condition="m.account_public_id = %(account_id)s")
BY_ID = ONE.format(condition="m.customer_public_id = %(customer_id)s AND m.program_public_id = %(program_id)s")
BY_REF = ONE.format(condition="d.customer_ref = %(customer_ref)s AND m.program_public_id = %(program_id)s")
MANY_BY_ACCOUNT = f"{SEEN} WHERE m.account_public_id = ANY(%s::uuid[])"
MANY_BY_CUSTOMER = f"""
    {SEEN} WHERE (m.customer_public_id, m.program_public_id) IN (SELECT * FROM unnest(%s::uuid[], %s::uuid[]))
"""
# A purchase that earned nothing counts too; a refused one has a code with a dot.
PURCHASES = """
    SELECT (SELECT count(*) FROM points_nothing_earned x WHERE x.account_public_id = n.account
            AND x.occurred_at < n.at AND position('.' IN x.reason) = 0)
        + (SELECT count(*) FROM ledger_member_flow f WHERE f.account_id = n.account AND f.kind = 'earn'
            AND f.occurred_at < n.at AND f.context ->> 'counts_purchase' = 'true') AS purchases
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
    params: dict[str, Any] = {"scope": key.scope, "key": key.key, "program_id": ref.program_id}
    if ref.account_id is not None:
        row = sql.fetch_one(BY_ACCOUNT, params | {"account_id": ref.account_id})
    elif ref.customer_id is not None:
        row = sql.fetch_one(BY_ID, params | {"customer_id": ref.customer_id})
    else:
        row = sql.fetch_one(BY_REF, params | {"customer_ref": ref.customer_ref})
    if row is None or ref.program_id not in (None, row["program_id"]):
        return None
    is_answered = row.pop("is_answered")
    return _seen(row, is_answered)


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
    """Add to members what their version's rules read of them: segments as they are now, purchases before, past tiers.

    In sets: each provider is asked once, and what no rule reads is not asked.
    """
    members = [member for member, _, _ in asked]
    read = [policy.fields_read(plan) for _, plan, _ in asked]
    of_segments = [n for n, names in enumerate(read) if "segment_codes" in names]
    segments = list_member_facts("segment_codes", list({members[n].customer_id for n in of_segments}), now)
    for n in of_segments:
        members[n] = replace(members[n], segment_codes=tuple(segments.get(members[n].customer_id, ())))
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
