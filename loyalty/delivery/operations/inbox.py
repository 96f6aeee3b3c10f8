"""What customers do with the messages in the app's inbox."""

import uuid
from datetime import datetime

from django.db import transaction

from loyalty.delivery.errors import InboxItemNotFound
from loyalty.delivery.models import InboxItem
from loyalty.delivery.operations.tracking import note_shown
from loyalty.foundation.orm import sql

FORGET_MAX = 10_000


@transaction.atomic
def mark_read(*, customer: int, item_id: uuid.UUID, is_read: bool, now: datetime) -> InboxItem:
    """Note that a customer read a message, or wants to read it again; the first reading counts as an open.

    :param customer: the inner id of the customer.
    :raises InboxItemNotFound: the customer has no such message.
    """
    item = _locked(customer, item_id, now)
    if is_read and item.read_at is None:
        item.read_at = now
        note_shown(send_id=item_id, now=now)
    elif not is_read:
        item.read_at = None
    item.save(update_fields=["read_at"])
    return item


@transaction.atomic
def mark_all_read(*, customer: int, now: datetime) -> int:
    """Note that a customer read all messages that are shown; give how many."""
    unread = list(
        InboxItem.objects.select_for_update()
        .filter(customer_id=customer, read_at=None, removed_at=None, expires_at__gt=now)
        .order_by("id")
    )
    for item in unread:
        note_shown(send_id=item.public_id, now=now)
    return InboxItem.objects.filter(pk__in=[item.pk for item in unread]).update(read_at=now)


@transaction.atomic
def remove_item(*, customer: int, item_id: uuid.UUID, now: datetime) -> None:
    """Take a message out of a customer's inbox.

    :raises InboxItemNotFound: the customer has no such message.
    """
    item = _locked(customer, item_id, now)
    item.removed_at = now
    item.save(update_fields=["removed_at"])


def _locked(customer: int, item_id: uuid.UUID, now: datetime) -> InboxItem:
    found = (
        InboxItem.objects.select_for_update()
        .filter(customer_id=customer, public_id=item_id, removed_at=None, expires_at__gt=now)
        .first()
    )
    if found is None:
        raise InboxItemNotFound()
    return found


def forget_items(*, now: datetime) -> int:
    """Delete messages that nobody is shown any more; give how many. Call again until nothing is left."""
    return sql.execute(
        "DELETE FROM delivery_inboxitem WHERE id IN "
        "(SELECT id FROM delivery_inboxitem WHERE expires_at <= %s ORDER BY expires_at LIMIT %s)",
        [now, FORGET_MAX],
    )
