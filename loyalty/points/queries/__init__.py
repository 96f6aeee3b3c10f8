"""Reads of points."""

from loyalty.points.queries.books import find_latest_reconciliation, list_discrepancies, list_liability
from loyalty.points.queries.earning import Seen, complete, find_seen, list_seen, list_seen_of
from loyalty.points.queries.expiring import list_expiring_by, list_program_expiring_by
from loyalty.points.queries.imports import get_import, import_report, import_result_lines, list_import_results
from loyalty.points.queries.members import (
    EXPIRING_WITHIN,
    find_heir,
    find_member,
    find_tier_as_of,
    follow_merge,
    get_cap_used,
    get_program_figures,
    list_account_rows,
    list_customer_ids,
    list_customer_refs,
    list_members,
    list_members_of,
    overview_part,
    read_overdue,
)
from loyalty.points.queries.plans import History, get_histories, get_history, list_event_types, list_histories
from loyalty.points.queries.pools import (
    count_pool_members,
    find_earning_pool,
    find_household,
    find_seat,
    list_pool_accounts,
)

__all__ = [
    "EXPIRING_WITHIN",
    "History",
    "Seen",
    "complete",
    "count_pool_members",
    "find_earning_pool",
    "find_heir",
    "find_household",
    "find_latest_reconciliation",
    "find_member",
    "find_seat",
    "find_seen",
    "find_tier_as_of",
    "follow_merge",
    "get_cap_used",
    "get_histories",
    "get_history",
    "get_import",
    "get_program_figures",
    "import_report",
    "import_result_lines",
    "list_account_rows",
    "list_customer_ids",
    "list_customer_refs",
    "list_discrepancies",
    "list_event_types",
    "list_expiring_by",
    "list_histories",
    "list_import_results",
    "list_liability",
    "list_members",
    "list_members_of",
    "list_program_expiring_by",
    "list_pool_accounts",
    "list_seen",
    "list_seen_of",
    "overview_part",
    "read_overdue",
]
