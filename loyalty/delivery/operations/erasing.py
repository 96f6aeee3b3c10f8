"""What delivery keeps of a person and erases with the customer: addresses, words, values; that something went stays."""

import uuid
from collections.abc import Mapping
from datetime import datetime

from loyalty.foundation.orm import sql

ERASED = "customer_erased"
# What still waits goes to nobody any more.
STOP = """
    UPDATE delivery_send SET state = 'SKIPPED', reason = %s, due_at = NULL, ended_at = %s
    WHERE customer_id = %s AND state = 'QUEUED'
"""
SENDS = """
    UPDATE delivery_send SET address = '', variables = NULL
    WHERE customer_id = %s AND (address <> '' OR variables IS NOT NULL)
"""
INBOX = "DELETE FROM delivery_inboxitem WHERE customer_id = %s"
# A message centre writes numbers otherwise than we do, and who wrote to us need never have been written to.
OWN_ADDRESSES = """
    SELECT customers_address_key(s.channel, s.address) FROM delivery_send s
    WHERE s.customer_id = %(customer)s AND s.address <> ''
    UNION SELECT customers_telephone_keys(%(customer)s)
"""
INBOUND = f"""
    UPDATE delivery_inboundmessage SET from_address = '', body = ''
    WHERE from_address <> '' AND customers_address_key(channel, from_address) IN ({OWN_ADDRESSES})
"""
PARTS = f"""
    DELETE FROM delivery_inbound_part WHERE customers_address_key('sms', from_address) IN ({OWN_ADDRESSES})
"""


def erase(customer_id: uuid.UUID, internal_id: int, *, now: datetime) -> Mapping[str, int]:
    """Erase a customer's part (``customers.register_erasure``); an address to which nothing may go stays shut."""
    stopped = sql.execute(STOP, [ERASED, now, internal_id])
    # Which messages came from the customer is told by the addresses, which go last.
    own = {"customer": internal_id}
    inbound = sql.execute(INBOUND, own) + sql.execute(PARTS, own)
    return {
        "inbound": inbound,
        "inbox": sql.execute(INBOX, [internal_id]),
        "sends": sql.execute(SENDS, [internal_id]),
        "stopped": stopped,
    }
