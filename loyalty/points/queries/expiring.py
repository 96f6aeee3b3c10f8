"""Reads of what will expire: by day and month, of an account or of a whole program."""

import uuid
from datetime import datetime
from typing import Any

from loyalty.foundation.orm import sql
from loyalty.programs import api as programs

# The last day of points is the day before the midnight that ends them. What expires is what the ledger means by it:
# points told to expire by then that can still be spent, so those in their grace stand under a day that is over.
GROUPED = """
    SELECT to_char((l.expires_at - interval '1 microsecond') AT TIME ZONE p.timezone, %(form)s) AS period,
        sum(l.points_remaining)::bigint AS points
    FROM ledger_open_lots l JOIN programs_directory p ON p.public_id = l.program_ref
    WHERE {whose} AND l.expires_at <= %(until)s AND coalesce(l.spendable_until, 'infinity') > %(now)s
    GROUP BY 1 ORDER BY 1
"""
FORMS = {"day": "YYYY-MM-DD", "month": "YYYY-MM"}


def list_expiring_by(account_id: uuid.UUID, *, by: str, now: datetime, until: datetime) -> list[dict[str, Any]]:
    """Give how many points of an account expire in each day or month of the program's zone that has some."""
    facts = {"form": FORMS[by], "account": account_id, "now": now, "until": until}
    return sql.fetch_all(GROUPED.format(whose="l.account_public_id = %(account)s"), facts)


def list_program_expiring_by(program_id: uuid.UUID, *, by: str, now: datetime, until: datetime) -> list[dict[str, Any]]:
    """Give how many points of a whole program expire in each day or month of its zone that has some.

    :raises ProgramNotFound: there is no such program.
    """
    programs.get_plan(program_id, at=now)
    facts = {"form": FORMS[by], "program": program_id, "now": now, "until": until}
    return sql.fetch_all(GROUPED.format(whose="l.program_ref = %(program)s"), facts)
