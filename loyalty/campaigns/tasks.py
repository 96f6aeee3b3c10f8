"""Doorbells of campaigns: look at schedules and thresholds now."""

from celery import shared_task

from loyalty.campaigns import api
from loyalty.foundation.kernel import clock
from loyalty.foundation.work import api as work


@shared_task(name="campaigns.fire_due", ignore_result=True)
def fire_due() -> int:
    """Trigger what is due."""
    return api.fire_due(now=clock.now()).fired


@shared_task(name="campaigns.place_slices", ignore_result=True)
def place_slices() -> bool:
    """Help with a fan-out that another worker has begun: one slice, then the other bells get their turn."""
    has_placed = api.help_one()
    if has_placed:
        work.ring("campaigns.place_slices")
    return has_placed
