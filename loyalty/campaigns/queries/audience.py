"""The audience of a campaign as a set: who is meant, with what, in which arm, and from when."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from loyalty.campaigns.contracts import CONTROL_CODE, NewEntry, Plan
from loyalty.campaigns.errors import CustomerUnknown
from loyalty.campaigns.kinds import offers, zones
from loyalty.campaigns.policy.arms import ARM_SQL, HASH_SQL, bounds_of
from loyalty.delivery import api as delivery
from loyalty.foundation.kernel.exact_json import ExactDecoder, dumps_exact
from loyalty.foundation.orm import sql

# What a template may show of the program and the member, each with its expression over the joins below.
PROGRAM_COLUMNS: dict[str, str] = {
    "program_name": "p.name",
    "tier_name": "pm.tier_name",
    "tier_code": "pm.tier_code",
    "points_balance": "la.points_available - coalesce(lo.points, 0)",
}
CAMPAIGN_NAME = "campaign_name"
OFFER_COLUMNS = ("offer_code", "offer_title", "offer_text")

EXCEPT = """
    AND NOT EXISTS (SELECT FROM segments_directory g WHERE g.public_id = ANY(%(audience_excluded)s)
        AND segments_contains(g.segment_id, m.customer_id))
"""
BASES: dict[str, str] = {
    "segments": """
        SELECT DISTINCT m.customer_id FROM segments_member_ids m
        JOIN segments_directory g ON g.segment_id = m.segment_id
        WHERE g.public_id = ANY(%(audience_segments)s)
    """,
    "program": """
        SELECT m.customer_id FROM programs_membership m
        WHERE m.program_public_id = %(audience_program)s AND m.left_at IS NULL
    """,
    "everyone": "SELECT m.customer_id FROM customers_directory m WHERE true",
}
ONE = """
    SELECT m.customer_id FROM customers_directory m
    WHERE m.public_id = %(audience_customer)s
"""
AMONG = "SELECT m.public_id FROM customers_directory m WHERE m.public_id = ANY(%(audience_customers)s)"
IN_SEGMENTS = """
    AND EXISTS (SELECT FROM segments_directory g WHERE g.public_id = ANY(%(audience_segments)s)
        AND segments_contains(g.segment_id, m.customer_id))
"""
IN_PROGRAM = """
    AND EXISTS (SELECT FROM programs_membership k WHERE k.customer_id = m.customer_id
        AND k.program_public_id = %(audience_program)s AND k.left_at IS NULL)
"""
# The comparison is written so that the planner takes a chunk for full; taken for almost empty, it plans for a handful.
KEPT = """
    SELECT (c.chunk << 11) + o.n AS customer_id
    FROM campaigns_audiencechunk c CROSS JOIN LATERAL generate_series(0, 2047) AS o (n)
    WHERE c.occurrence_id = %(audience_occurrence)s AND c.chunk >= %(audience_from)s AND c.chunk < %(audience_until)s
        AND get_bit(c.bits, o.n # 7) <> 0
"""
# Of so many neighbouring ids one at least must be meant for all of them to be read: a look by the key costs about four
# times what a row of a stretch costs.
DENSE = 4
# Who was left out by one channel for a reason that another need not have.
UNREACHED = """
    SELECT m.* FROM ({base}) m JOIN delivery_sends s ON s.customer_id = m.customer_id
        AND s.message_public_id = {before}
        AND s.state = 'SKIPPED' AND s.reason IN ('forbidden', 'no_consent', 'suppressed', 'capped', 'no_address')
"""
ANSWERED = """
    SELECT m.customer_id, e.given, e.occurrence, e.message, e.before
    FROM jsonb_to_recordset(%(audience_entries)s::jsonb)
        AS e (customer uuid, given jsonb, occurrence uuid, message uuid, before uuid)
    JOIN customers_directory m ON m.public_id = e.customer
"""
MEMBERSHIP = """
    LEFT JOIN programs_membership pm
        ON pm.customer_id = b.customer_id AND pm.program_public_id = %(audience_program)s
    LEFT JOIN programs_directory p ON p.public_id = %(audience_program)s
    LEFT JOIN ledger_account_summary la ON la.account_id = pm.account_id
"""
# A walk along the key of the open lots for each row: it costs by the audience, not by what is overdue at all.
OVERDUE = """
    LEFT JOIN LATERAL (SELECT v.points FROM ledger_points_overdue(%(audience_at)s::timestamptz) v
        WHERE v.account_id = pm.account_id) lo ON true
"""
REPEATED = """
    EXISTS (SELECT FROM delivery_sends e WHERE e.customer_id = b.customer_id AND e.source_ref = %(audience_campaign)s
        AND NOT e.is_test AND e.state NOT IN ('SKIPPED', 'FAILED', 'BOUNCED')
        AND e.occurrence_ref IS DISTINCT FROM {own}
        AND (%(audience_repeat_days)s = 0
            OR e.queued_at > %(audience_at)s::timestamptz - make_interval(days => %(audience_repeat_days)s)))
"""


@dataclass(frozen=True, slots=True)
class Answered:
    """A customer who is answered on one channel: by which message of which occurrence, and with which values.

    ``before`` is the message of the channel that this one stands in for, when it was left out by that.
    """

    customer: uuid.UUID
    occurrence: uuid.UUID
    message: uuid.UUID
    values: Mapping[str, Any]
    before: uuid.UUID | None = None


DIRECTORY = "JOIN customers_directory d ON d.customer_id = b.customer_id"


@dataclass(frozen=True, slots=True)
class Base:
    """Customers as a SELECT of ``customer_id``; one that ``has_values`` gives ``given jsonb`` besides.

    One that ``has_messages`` gives for each customer the ``occurrence uuid`` and the ``message uuid`` of its own.
    """

    sql: str
    params: Mapping[str, Any] = field(default_factory=dict)
    has_values: bool = False
    has_messages: bool = False
    # The ids between which they lie, where they are many of those.
    stretch: tuple[int, int] | None = None


def live(plan: Plan) -> Base:
    """Give who is meant now: the members of the segments, else the program's, else everyone; without the excluded."""
    base = "segments" if plan.segments else "program" if plan.program is not None else "everyone"
    return Base(BASES[base] + (EXCEPT if plan.excluded else ""), named(plan))


def one(customer: uuid.UUID) -> Base:
    """Give one customer, whether in an audience or not."""
    return Base(ONE, {"audience_customer": customer})


def meant_of(plan: Plan, customers: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Give those of some customers whom a plan means now."""
    narrowed = IN_SEGMENTS if plan.segments else IN_PROGRAM if plan.program is not None else ""
    text = AMONG + narrowed + (EXCEPT if plan.excluded else "")
    rows = sql.fetch_all(text, {**named(plan), "audience_customers": list(customers)})
    return {row["public_id"] for row in rows}


def kept(occurrence: int, from_chunk: int, until_chunk: int, *, customers: int = 0) -> Base:
    """Give who was meant when an occurrence began, from one chunk of them to another; ``customers``: how many."""
    params = {"audience_occurrence": occurrence, "audience_from": from_chunk, "audience_until": until_chunk}
    ids = (from_chunk << 11, until_chunk << 11)
    return Base(KEPT, params, stretch=ids if customers * DENSE >= ids[1] - ids[0] else None)


def given(entries: Sequence[NewEntry]) -> Base:
    """Give customers that a caller names, each once, with values of their own."""
    told = [{"customer": str(one.customer_id), "given": dict(one.values)} for one in entries]
    text = """
        SELECT m.customer_id, coalesce(e.given, '{}'::jsonb) AS given
        FROM jsonb_to_recordset(%(audience_entries)s::jsonb) AS e (customer uuid, given jsonb)
        JOIN customers_directory m ON m.public_id = e.customer
    """
    return Base(text, {"audience_entries": dumps_exact(told).decode()}, has_values=True)


def answered(entries: Sequence[Answered]) -> Base:
    """Give customers who are answered on one channel, each once; of those with a ``before`` whom that left out."""
    told = [
        {
            "customer": one.customer,
            "occurrence": one.occurrence,
            "message": one.message,
            "before": one.before,
            "given": one.values or None,
        }
        for one in entries
    ]
    is_instead = any(one.before for one in entries)
    text = UNREACHED.format(base=ANSWERED, before="m.before") if is_instead else ANSWERED
    return Base(text, {"audience_entries": dumps_exact(told).decode()}, has_values=True, has_messages=True)


def unreached(base: Base, before: uuid.UUID) -> Base:
    """Give those of a set whom an earlier channel's message left out."""
    text = UNREACHED.format(base=base.sql, before="%(audience_before)s")
    return Base(text, {**base.params, "audience_before": before}, has_values=base.has_values)


def named(plan: Plan) -> dict[str, Any]:
    """Give what the statements over an audience are told of a plan."""
    return {
        "audience_segments": list(plan.segments),
        "audience_excluded": list(plan.excluded),
        "audience_program": plan.program,
    }


def audience_of(
    plan: Plan, base: Base, *, occurrence: uuid.UUID | None = None, at: datetime | None = None, is_single: bool = False
) -> delivery.Audience:
    """Give an audience as one SELECT: its customers with the values that the templates use, their arm, their offer,
    the instant before which nothing goes, and a reason of the campaign's own.

    Points and tier are those of the moment the row is placed. ``occurrence`` is the one that is placed now, so that it
    is no repetition of itself; ``is_single``: an answer to something that just happened, which no clock holds up.
    """
    due = None if is_single else plan.due
    columns = [name for name in plan.used if name in PROGRAM_COLUMNS] if plan.program is not None else []
    offered = offers.get(offers.DEFAULT).chosen(plan.offers) if plan.offers else None
    joined = (MEMBERSHIP if columns else "") + (OVERDUE if "points_balance" in columns else "")
    own = ", ".join(f"'{name}', {PROGRAM_COLUMNS[name]}" for name in columns)
    parts = [f"jsonb_build_object({own})"] if columns else []
    values = {name: plan.shared[name] for name in plan.used if plan.shared.get(name) is not None}
    parts += ["%(audience_values)s::jsonb"] if values else []
    parts += [f"coalesce(%(audience_offers)s::jsonb -> ({offered.place}), '{{}}'::jsonb)"] if offered else []
    parts += ["coalesce(b.given, '{}'::jsonb)" if parts else "b.given"] if base.has_values else []
    own_reasons = _own_reasons(plan, due is not None, "b.occurrence" if base.has_messages else "%(audience_own)s")
    more = {
        "variant": "(%(audience_codes)s::text[])[t.arm + 1]" if plan.variants or plan.control_percent else "",
        "refusal": f"CASE {' '.join(own_reasons)} END" if own_reasons else "",
        "due_at": "nullif(t.due, '')::timestamptz" if due else "",
        "message": "b.message" if base.has_messages else "",
    }
    used = {name: text for name, text in more.items() if text}
    # With more to look up for each the planner would have to be trusted with tables of which the stretch says nothing.
    has_stretch = base.stretch is not None and not columns and plan.repeat_days is None
    reached = ", d.address, d.is_consented, d.time_zone" if has_stretch else ""
    text = f"""
        SELECT b.customer_id, d.public_id AS customer_public_id, {" || ".join(parts) or "NULL::jsonb"} AS variables
            {reached}{"".join(f", {expression} AS {name}" for name, expression in used.items())}
        FROM ({base.sql}) b {delivery.NEIGHBOURS if has_stretch else DIRECTORY}
        {joined} {offered.joins if offered else ""}
        {HASH_SQL if plan.variants or plan.control_percent else ""}
        CROSS JOIN LATERAL (SELECT {_arm(plan)} AS arm, {zones.DUE_SQL if due else "''"} AS due OFFSET 0) t
    """
    params = {
        **base.params,
        **(offered.params if offered else {}),
        "audience_program": plan.program,
        "audience_values": dumps_exact(values).decode(),
        "audience_offers": dumps_exact([_told(one) for one in plan.offers]).decode(),
        "audience_campaign": plan.campaign,
        "audience_salt": str(plan.campaign),
        "audience_control": plan.control_percent,
        # Who of the control group may not be written to anyway belongs to it all the same.
        "audience_codes": [CONTROL_CODE, *(codes_of(plan.variants) or [""])],
        "audience_bounds": bounds_of([one["weight"] for one in plan.variants]),
        "audience_total": sum(one["weight"] for one in plan.variants),
        "audience_repeat_days": plan.repeat_days,
        "audience_own": occurrence,
        "audience_at": at,
        "audience_zones": dumps_exact(zones.dues(due, at)).decode() if due and at else None,
    }
    stretch = base.stretch if has_stretch else None
    return delivery.Audience(sql=text, params=params, more=frozenset(used), stretch=stretch)


def _arm(plan: Plan) -> str:
    return ARM_SQL if plan.variants or plan.control_percent else "1"


def _own_reasons(plan: Plan, has_due: bool, own: str) -> list[str]:
    """Give why the campaign itself leaves somebody out, in the order in which the reasons are asked; ``own`` is the
    occurrence that is placed."""
    reasons = []
    if plan.control_percent:
        reasons.append("WHEN t.arm = 0 THEN 'control'")
    if plan.repeat_days is not None:
        reasons.append(f"WHEN {REPEATED.format(own=own)} THEN 'repeated'")
    if has_due:
        reasons.append("WHEN t.due = '' THEN 'past_time'")
    return reasons


def _told(offer: Mapping[str, Any]) -> dict[str, Any]:
    return {"offer_code": offer["code"], "offer_title": offer["title"], "offer_text": offer.get("text", "")}


def find_in_audience(audience: delivery.Audience) -> dict[str, Any] | None:
    """Give the first customer of an audience with the values that a template gets, or None when it is empty."""
    row = sql.fetch_one(
        f"""
        SELECT a.*, d.customer_ref, d.first_name, d.last_name, d.language
        FROM ({audience.sql}) a JOIN customers_directory d ON d.customer_id = a.customer_id
        ORDER BY a.customer_public_id LIMIT 1
        """,
        audience.params,
    )
    if row is not None:
        row["variables"] = ExactDecoder().decode(row["variables"]) if row["variables"] else {}
    return row


def sample_customer(plan: Plan, *, customer: uuid.UUID | None) -> dict[str, Any]:
    """Give one customer to render a campaign for: the one named, also from outside of the audience, or the first.

    :raises CustomerUnknown: there is no such customer, or nobody in the audience.
    """
    base = live(plan) if customer is None else one(customer)
    found = find_in_audience(audience_of(plan, base, is_single=True))
    if found is None:
        raise CustomerUnknown("There is nobody to show it for." if customer is None else "There is no such customer.")
    return found


def codes_of(variants: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give the codes of variants in their order."""
    return [one["code"] for one in variants]
