"""Reads of points."""

from loyalty.points.queries.members import (
    EXPIRING_WITHIN,
    find_member,
    get_cap_used,
    get_program_figures,
    list_account_rows,
    list_customer_ids,
    list_members,
    list_members_of,
    overview_part,
)

__all__ = [
    "EXPIRING_WITHIN",
    "find_member",
    "get_cap_used",
    "get_program_figures",
    "list_account_rows",
    "list_customer_ids",
    "list_members",
    "list_members_of",
    "overview_part",
]
