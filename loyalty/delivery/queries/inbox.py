"""Reads of the app's inbox."""

import uuid
from datetime import datetime

from django.db.models import QuerySet

from loyalty.delivery.models import InboxItem
from loyalty.foundation.orm import sql


def find_customer_key(customer_id: uuid.UUID) -> int | None:
    """Find the inner id by which sends and inboxes name a customer."""
    row = sql.fetch_one("SELECT customer_id FROM customers_directory WHERE public_id = %s", [customer_id])
    return int(row["customer_id"]) if row is not None else None


def items_of(customer: int, now: datetime, *, is_unread: bool = False) -> QuerySet[InboxItem]:
    """Give the messages that a customer is shown, the newest first."""
    rows = InboxItem.objects.filter(customer_id=customer, removed_at=None, expires_at__gt=now)
    return (rows.filter(read_at=None) if is_unread else rows).order_by("-id")


def count_unread(customer: int, now: datetime) -> int:
    """Count the messages that a customer has not read."""
    return items_of(customer, now, is_unread=True).count()
