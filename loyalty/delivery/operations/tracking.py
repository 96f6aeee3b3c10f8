"""What customers do with a message: open it, follow a link, withdraw their consent."""

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.customers import api as customers
from loyalty.delivery.errors import LinkInvalid
from loyalty.delivery.events import MessageClicked, MessageFact, MessageOpened
from loyalty.delivery.kinds import links
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.orm import sql

# An open or a click proves that the message arrived, also when the outcome of sending was not known.
OPENED = """
    UPDATE delivery_send SET opened_at = %(now)s,
        state = CASE WHEN state IN ('SENDING', 'SENT', 'DELIVERED', 'UNKNOWN') THEN 'OPENED' ELSE state END
    WHERE id = %(id)s AND opened_at IS NULL RETURNING id
"""
CLICKED = """
    UPDATE delivery_send SET clicked_at = %(now)s,
        state = CASE WHEN state IN ('SENDING', 'SENT', 'DELIVERED', 'OPENED', 'UNKNOWN') THEN 'CLICKED' ELSE state END
    WHERE id = %(id)s AND clicked_at IS NULL RETURNING id
"""
READ = """
    SELECT s.public_id, s.channel, m.purpose, m.is_test, m.occurrence_key, m.source_kind, m.source_ref,
        d.public_id AS customer_public_id
    FROM delivery_send s JOIN delivery_message m ON m.id = s.message_id
    LEFT JOIN customers_directory d ON d.customer_id = s.customer_id WHERE s.id = %s
"""


@transaction.atomic
def open_by(*, token: str, now: datetime) -> None:
    """Note the first open of a message.

    :raises LinkInvalid: the link is not ours.
    """
    _note(links.read_open(token), OPENED, MessageOpened, now)


@transaction.atomic
def click_by(*, token: str, now: datetime, is_counted: bool = True) -> str:
    """Note the first click in a message and give the address that it leads to.

    :raises LinkInvalid: the link is not ours.
    """
    send_id, target = links.read_click(token)
    if not is_counted:
        return target
    _note(send_id, OPENED, MessageOpened, now)
    _note(send_id, CLICKED, MessageClicked, now, target=target)
    return target


def _note(send_id: int, statement: str, kind: type[MessageFact], now: datetime, **more: str) -> None:
    if not sql.fetch_all(statement, {"id": send_id, "now": now}):
        return
    row = _read(send_id)
    if row["is_test"]:
        return
    fact = kind(
        send_id=str(row["public_id"]),
        channel=row["channel"],
        customer_id=str(row["customer_public_id"] or ""),
        occurrence_key=row["occurrence_key"],
        source_kind=row["source_kind"],
        source_ref=str(row["source_ref"]),
        **more,
    )
    key = str(row["customer_public_id"] or "")
    events.publish(fact, key=key, subject_kind="customer", subject_ref=key, occurred_at=now)


def _read(send_id: int) -> dict[str, Any]:
    row = sql.fetch_one(READ, [send_id])
    if row is None:
        raise LinkInvalid()
    return row


def find_way_out(*, token: str) -> tuple[str, str]:
    """Give the channel and the purpose that an unsubscribe link is about.

    :raises LinkInvalid: the link is not ours.
    """
    row = _read(links.read_unsubscribe(token))
    return row["channel"], row["purpose"]


@transaction.atomic
def unsubscribe_by(*, token: str, now: datetime) -> tuple[str, str]:
    """Withdraw the customer's consent for the message's channel and purpose; doing it again changes nothing.

    A test message withdraws nobody's consent: the person who reads it is not the customer it was rendered for.

    :raises LinkInvalid: the link is not ours.
    """
    row = _read(links.read_unsubscribe(token))
    customer: uuid.UUID | None = row["customer_public_id"]
    if customer is not None and not row["is_test"]:
        customers.withdraw_consent(
            customer_id=customer,
            channel=row["channel"],
            purpose=row["purpose"],
            source="unsubscribe_link",
            reason=f"message {row['public_id']}",
            actor=system_actor("delivery.unsubscribe"),
            now=now,
        )
    return row["channel"], row["purpose"]
