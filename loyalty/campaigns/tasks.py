"""Doorbells of campaigns: look at schedules and thresholds now."""

from celery import shared_task

from loyalty.campaigns import api
from loyalty.foundation.kernel import clock


@shared_task(name="campaigns.fire_due", ignore_result=True)
def fire_due() -> int:
    """Trigger what is due."""
    return api.fire_due(now=clock.now()).fired
