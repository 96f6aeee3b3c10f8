"""What campaigns keep of a customer, taken over by another one who turned out to be the same person."""

from collections.abc import Mapping
from datetime import datetime

from loyalty.customers.api import MergeSide
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql

MARKS = """
    UPDATE campaigns_balancemark m SET customer_ref = %(into)s
    WHERE m.customer_ref = %(gone)s AND NOT EXISTS (
        SELECT 1 FROM campaigns_balancemark o WHERE o.campaign_id = m.campaign_id AND o.customer_ref = %(into)s)
"""
FORGET = "DELETE FROM campaigns_balancemark WHERE customer_ref = %(gone)s"
# What came of a message is told with the message, whosever it is by now.
CONVERSIONS = """
    UPDATE campaigns_conversion c SET customer_id = %(into_row)s FROM delivery_sends s
    WHERE s.customer_id IN (%(gone_row)s, %(into_row)s) AND c.send_id = s.send_id AND c.customer_id = %(gone_row)s
"""


def merge(*, gone: MergeSide, into: MergeSide, actor: Actor, now: datetime) -> Mapping[str, int]:
    """Take marks of thresholds and conversions over (``customers.register_merging``).

    Who was meant by an occurrence, and under which key, stays as it was written.
    """
    params = {"gone": gone.id, "into": into.id, "gone_row": gone.internal_id, "into_row": into.internal_id}
    told = {"balance_marks": sql.execute(MARKS, params), "conversions": sql.execute(CONVERSIONS, params)}
    sql.execute(FORGET, params)
    return told
