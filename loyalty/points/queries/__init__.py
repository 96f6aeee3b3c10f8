"""Reads of points."""

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
from loyalty.points.queries.pools import count_pool_members, find_earning_pool, find_household, find_seat

__all__ = [
    "EXPIRING_WITHIN",
    "count_pool_members",
    "find_earning_pool",
    "find_household",
    "find_member",
    "find_seat",
    "get_cap_used",
    "get_program_figures",
    "list_account_rows",
    "list_customer_ids",
    "list_customer_refs",
    "list_members",
    "list_members_of",
    "overview_part",
]
