"""Counting in sets what the ledger holds of members: accounts that are older than the counting, and imports."""

import json
import uuid
from collections.abc import Sequence

from loyalty.foundation.orm import sql
from loyalty.programs import api as programs
from loyalty.tiers.policy.terms import terms_for_sql

RECOUNT = "SELECT tiers_recount(%s, %s::uuid[], %s::jsonb) AS counted"


def recount_chunk(plan: programs.ProgramPlan, accounts: Sequence[uuid.UUID]) -> int:
    """Count the transactions of members that were not counted yet, in one statement; give how many they were."""
    terms = {
        **terms_for_sql(plan),
        "status_wallets": [one.code for one in plan.wallets if one.kind is programs.WalletKind.STATUS],
        "partner_wallets": [one.code for one in plan.wallets if one.kind is programs.WalletKind.PARTNER],
    }
    row = sql.fetch_one(RECOUNT, [plan.program_id, list(accounts), json.dumps(terms)])
    return int(row["counted"]) if row else 0
