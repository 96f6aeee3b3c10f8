"""What delivery keeps of a customer, taken over by another one who turned out to be the same person."""

from collections.abc import Mapping
from datetime import datetime

from loyalty.customers.api import MergeSide
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql

MERGED = "customer_merged"
# A message that both were sent stays with each, because it went twice; one that is just leaving comes along later.
SENDS = """
    UPDATE delivery_send s SET customer_id = %(into)s
    WHERE s.customer_id = %(gone)s AND s.state <> 'SENDING' AND NOT EXISTS (
        SELECT 1 FROM delivery_send o WHERE o.message_id = s.message_id AND o.customer_id = %(into)s)
"""
# What both were to be sent goes out once.
DOUBLED = """
    UPDATE delivery_send SET state = 'SKIPPED', reason = %(reason)s, due_at = NULL, ended_at = %(now)s
    WHERE customer_id = %(gone)s AND state = 'QUEUED'
"""
INBOX = "UPDATE delivery_inboxitem SET customer_id = %(into)s WHERE customer_id = %(gone)s"
# Who stays has chosen, or takes over what the other one chose.
PREFERENCE = """
    UPDATE delivery_preference p SET customer_id = %(into)s
    WHERE p.customer_id = %(gone)s AND NOT EXISTS (
        SELECT 1 FROM delivery_preference o WHERE o.customer_id = %(into)s)
"""
FORGET = "DELETE FROM delivery_preference WHERE customer_id = %(gone)s"


def merge(*, gone: MergeSide, into: MergeSide, actor: Actor, now: datetime) -> Mapping[str, int]:
    """Take sends, the inbox and preferences over (``customers.register_merging``)."""
    params = {"gone": gone.internal_id, "into": into.internal_id, "reason": MERGED, "now": now}
    told = {
        "sends": sql.execute(SENDS, params),
        "stopped": sql.execute(DOUBLED, params),
        "inbox": sql.execute(INBOX, params),
        "preferences": sql.execute(PREFERENCE, params),
    }
    sql.execute(FORGET, params)
    return told
