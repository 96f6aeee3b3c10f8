"""Doorbells of events: look into the inbox now."""

from celery import shared_task

from loyalty.foundation.events import api
from loyalty.foundation.kernel import clock

# One ring handles at most this many, so that other rings get their turn.
DELIVERIES_PER_RING = 500


@shared_task(name="events.deliver", ignore_result=True)
def deliver() -> int:
    """Handle what is due."""
    handled = 0
    while handled < DELIVERIES_PER_RING and api.deliver_one(now=clock.now()):
        handled += 1
    return handled
