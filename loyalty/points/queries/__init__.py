"""Reads of points."""

from loyalty.points.queries.earning import Seen, complete, find_seen, list_seen, list_seen_of
from loyalty.points.queries.members import (
    EXPIRING_WITHIN,
    find_member,
    get_cap_used,
    get_program_figures,
    list_account_rows,
    list_customer_ids,
    list_customer_refs,
    list_members,
    list_members_of,
    overview_part,
)
from loyalty.points.queries.plans import History, get_histories, get_history, list_event_types, list_histories
from loyalty.points.queries.pools import count_pool_members, find_earning_pool, find_household, find_seat

__all__ = [
    "EXPIRING_WITHIN",
    "History",
    "Seen",
    "complete",
    "count_pool_members",
    "find_earning_pool",
    "find_household",
    "find_member",
    "find_seat",
    "find_seen",
    "get_cap_used",
    "get_histories",
    "get_history",
    "get_program_figures",
    "list_account_rows",
    "list_customer_ids",
    "list_customer_refs",
    "list_event_types",
    "list_histories",
    "list_members",
    "list_members_of",
    "list_seen",
    "list_seen_of",
    "overview_part",
]
