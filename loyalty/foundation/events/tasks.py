"""Doorbells of events: look into the inbox now."""

import logging

from celery import shared_task
from django.conf import settings
from django.db import OperationalError

from loyalty.foundation.events import api
from loyalty.foundation.kernel import clock

log = logging.getLogger("loyalty.events")

# One ring handles at most this many, so that other rings get their turn.
DELIVERIES_PER_RING = 500


@shared_task(name="events.deliver", ignore_result=True)
def deliver() -> int:
    """Handle what is due."""
    handled = 0
    while handled < DELIVERIES_PER_RING and (count := api.deliver_due(now=clock.now())):
        handled += count
    return handled


@shared_task(name="events.drop_old_months", ignore_result=True)
def drop_old_months() -> int:
    """Drop months of the event store that are older than the platform keeps them."""
    try:
        return len(api.drop_old_months(now=clock.now(), kept_months=settings.LOYALTY_EVENTS_KEPT_MONTHS))
    except OperationalError as fault:
        # A long reader held the store; the next ring asks again.
        log.warning("no month of the event store was dropped: %s", fault)
        return 0
