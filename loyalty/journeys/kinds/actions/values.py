"""What texts of actions may show of customers, read for a whole batch in a statement for each source."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty.features import api as features
from loyalty.foundation.orm import sql
from loyalty.journeys.contracts import ActionCall, ActionRow, Problem
from loyalty.journeys.policy import variables
from loyalty.programs import api as programs

CUSTOMERS = """
    SELECT customer_id, public_id AS id, customer_ref, first_name, last_name, language, time_zone
    FROM customers_directory WHERE customer_id = ANY(%s::bigint[])
"""
ACCOUNTS = """
    SELECT pm.customer_id, la.points_available - coalesce(o.points, 0) AS points_balance,
        pm.tier_name, pm.tier_code, p.name AS program_name
    FROM programs_membership pm JOIN programs_directory p ON p.public_id = pm.program_public_id
    LEFT JOIN ledger_account_summary la ON la.account_id = pm.account_id
    LEFT JOIN LATERAL (
        SELECT d.points FROM ledger_points_overdue(%s) d WHERE d.account_id = pm.account_id) o ON true
    WHERE pm.customer_id = ANY(%s::bigint[]) AND pm.program_public_id = %s
"""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the customers of a batch, by their internal id."""

    customers: Mapping[int, Mapping[str, Any]]
    accounts: Mapping[int, Mapping[str, Any]]
    features: Mapping[uuid.UUID, Mapping[str, Any]]

    def of(self, call: ActionCall, row: ActionRow) -> dict[str, Any]:
        """Give the values of one row by the roots of paths."""
        event = row.context.get("event")
        return {
            "customer": self.customers.get(row.customer, {}),
            "account": self.accounts.get(row.customer, {}),
            "feature": self.features.get(row.customer_id, {}),
            "event": event if isinstance(event, Mapping) else {},
            "context": row.context,
            "journey": {"id": str(call.journey_id), "name": call.journey_name},
        }


def program_of(config: Mapping[str, Any], call: ActionCall, now: datetime) -> uuid.UUID | None:
    """Give the program that an action means: its own, the journey's, or the only one that is active."""
    named = config.get("program_id") or call.program_id
    if named:
        return uuid.UUID(str(named))
    active = programs.list_active_plans(at=now)
    return active[0].program_id if len(active) == 1 else None


def known_of(call: ActionCall, rows: Sequence[ActionRow], paths: Collection[str], *, now: datetime) -> Known:
    """Read what paths ask for, and nothing else."""
    roots = {path.partition(".")[0] for path in paths}
    ids = list({row.customer for row in rows})
    people = _by_customer(sql.fetch_all(CUSTOMERS, [ids])) if "customer" in roots else {}
    accounts: Mapping[int, Mapping[str, Any]] = {}
    if "account" in roots:
        accounts = _by_customer(sql.fetch_all(ACCOUNTS, [now, ids, program_of(call.config, call, now)]))
    names = variables.features_in(paths)
    told: dict[uuid.UUID, Mapping[str, Any]] = {}
    if names:
        public_ids = list({row.customer_id for row in rows})
        for start in range(0, len(public_ids), features.CUSTOMERS_MAX):
            found = features.list_feature_sets(
                public_ids[start : start + features.CUSTOMERS_MAX], now=now, fields=names
            )
            told |= {one: known.values for one, known in found.items()}
    return Known(people, accounts, told)


def _by_customer(rows: Sequence[Mapping[str, Any]]) -> dict[int, Mapping[str, Any]]:
    return {row["customer_id"]: {name: row[name] for name in row if name != "customer_id"} for row in rows}


def problems_of(value: Any, field: str) -> list[Problem]:
    """Give the paths of a text that name nothing."""
    wrong = dict.fromkeys(variables.why_unknown(path) for path in variables.paths_in(value))
    return [
        Problem("journeys.variable_unknown", why, "Correct the name in double braces.", field=field)
        for why in wrong
        if why
    ]
