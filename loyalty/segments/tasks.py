"""Doorbells of segments: look at customers of whom something happened, at the clock, at the day that ended."""

from celery import shared_task

from loyalty.foundation.kernel import clock
from loyalty.segments import api


@shared_task(name="segments.settle", ignore_result=True)
def settle() -> int:
    """Look at the customers of newer facts."""
    return api.settle(now=clock.now()).turned


@shared_task(name="segments.start_due", ignore_result=True)
def start_due() -> int:
    """Start the recalculations whose time has come."""
    return api.start_due(now=clock.now())


@shared_task(name="segments.keep_day", ignore_result=True)
def keep_day() -> int:
    """Take the snapshots of the day, and forget what no recalculation needs any more."""
    now = clock.now()
    api.forget_touched(now=now)
    return api.keep_day(now=now)
