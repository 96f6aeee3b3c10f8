"""Benefits of tiers: the points among them are paid through points, once."""

import hashlib
import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.orm import sql
from loyalty.points import api as points
from loyalty.programs import api as programs
from loyalty.tiers.contracts import BenefitState
from loyalty.tiers.events import TierBenefitGranted
from loyalty.tiers.models import BenefitGrant

# The ledger takes so many earns in one statement.
BATCH = 500
# A refused payment (a frozen account) is tried again after this time.
RETRY_AFTER = timedelta(days=1)
SCOPE = "tiers.benefit"

GRANT_FIRST = """
    SELECT tiers_turn_benefits(m.program_public_id, array_agg(m.account_public_id ORDER BY m.account_public_id),
        array_agg(m.customer_public_id ORDER BY m.account_public_id),
        array_agg(m.tier_code::text ORDER BY m.account_public_id), array_agg(true),
        array_agg(w.period_start ORDER BY m.account_public_id), %(terms)s::jsonb, NULL, %(now)s)
    FROM programs_membership m CROSS JOIN LATERAL (SELECT %(terms)s::jsonb AS t) g
    CROSS JOIN LATERAL (SELECT (m.enrolled_at AT TIME ZONE (g.t ->> 'zone'))::date AS joined) j
    CROSS JOIN LATERAL tiers_window(g.t ->> 'window', (g.t ->> 'months')::integer,
        coalesce((g.t ->> 'anchor')::date, j.joined), (g.t ->> 'is_next')::boolean, (g.t ->> 'is_long')::boolean,
        j.joined) w
    WHERE m.account_public_id = ANY (%(accounts)s::uuid[]) AND m.tier_code IS NOT NULL GROUP BY m.program_public_id
"""


@transaction.atomic
def award_benefits(*, account_ids: Sequence[uuid.UUID] | None = None, now: datetime) -> int:
    """Pay the points that wait, of some members or the next ones that are due; give how many were looked at."""
    waiting = BenefitGrant.objects.select_for_update(skip_locked=True).filter(
        state=BenefitState.PENDING.value, due_at__lte=now
    )
    if account_ids is not None:
        waiting = waiting.filter(account_public_id__in=account_ids)
    grants = list(waiting.order_by("due_at", "id")[:BATCH])
    if not grants:
        return 0
    capped = _capped({grant.program_public_id for grant in grants}, now)
    requests = [_request(grant, capped[grant.program_public_id]) for grant in grants]
    lines = points.earn_batch(requests=requests, actor=system_actor("tiers.award_benefits"), now=now)
    for grant, line in zip(grants, lines, strict=True):
        if line.receipt is None:
            grant.refusal_code, grant.due_at = line.code, now + RETRY_AFTER
        else:
            grant.state, grant.refusal_code = BenefitState.GRANTED.value, ""
            grant.transaction_public_id = line.receipt.transaction_id
    BenefitGrant.objects.bulk_update(grants, ["state", "refusal_code", "due_at", "transaction_public_id"])
    events.publish_many(_facts([grant for grant in grants if grant.state == BenefitState.GRANTED.value], now))
    return len(grants)


def _capped(program_ids: Iterable[uuid.UUID], now: datetime) -> dict[uuid.UUID, set[tuple[str, str]]]:
    """Give, by program, the benefits (tier, code) that count under the member's caps."""
    plans = [programs.get_plan(program_id, at=now) for program_id in program_ids]
    return {
        plan.program_id: {(tier.code, one.code) for tier in plan.tiers for one in tier.benefit_grants if one.is_capped}
        for plan in plans
    }


def _request(grant: BenefitGrant, capped: Collection[tuple[str, str]]) -> points.EarnRequest:
    content = f"{grant.public_id} {grant.points_amount}".encode()
    return points.EarnRequest(
        member=points.MemberRef(account_id=grant.account_public_id),
        key=points.Key(scope=SCOPE, key=str(grant.public_id), request_hash=hashlib.sha256(content).digest()),
        occurred_at=grant.granted_at,
        points=grant.points_amount,
        is_capped=(grant.tier_code, grant.benefit_code) in capped,
        # A gift for a tier does not lift to the next one.
        context={"tier": grant.tier_code, "benefit": grant.benefit_code, "counts_for_tier": False},
    )


def _facts(grants: Sequence[BenefitGrant], now: datetime) -> list[events.Publication]:
    return [
        events.Publication(
            fact=TierBenefitGranted(
                customer_id=grant.customer_public_id,
                account_id=grant.account_public_id,
                program_id=grant.program_public_id,
                tier=grant.tier_code,
                benefit=grant.benefit_code,
                kind=grant.kind,
                points_amount=grant.points_amount,
                period_start=grant.period_start,
                transaction_id=grant.transaction_public_id,
            ),
            key=str(grant.customer_public_id),
            subject_kind="customer",
            subject_ref=str(grant.customer_public_id),
            occurred_at=now,
        )
        for grant in grants
    ]


def grant_first_benefits(*, account_ids: Sequence[uuid.UUID], terms: str, now: datetime) -> None:
    """Grant what the tiers bring with which members of a program joined."""
    sql.fetch_all(GRANT_FIRST, {"terms": terms, "accounts": list(account_ids), "now": now})
    while award_benefits(account_ids=account_ids, now=now) == BATCH:
        pass
