"""Doorbells of points: look now at what is due."""

from celery import shared_task

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import system_actor
from loyalty.points import api


@shared_task(name="points.expire_due", ignore_result=True)
def expire_due() -> int:
    """Expire what is due."""
    return api.expire_due(actor=system_actor("points.expire_due"), now=clock.now()).points_expired


@shared_task(name="points.start_daily_work", ignore_result=True)
def start_daily_work() -> int:
    """Put the daily work of the programs whose day has changed in line."""
    return api.start_daily_work(actor=system_actor("points.start_daily_work"), now=clock.now())


@shared_task(name="points.release_due_holds", ignore_result=True)
def release_due_holds() -> int:
    """Free the points of holds that are out of time."""
    return api.release_due_holds(now=clock.now())


@shared_task(name="points.activate_due", ignore_result=True)
def activate_due() -> int:
    """Post pending earns whose time has come."""
    return api.activate_due(now=clock.now())


@shared_task(name="points.start_due_reconciliation", ignore_result=True)
def start_due_reconciliation() -> str:
    """Put the reconciliation of this hour in line."""
    return api.start_due_reconciliation(actor=system_actor("points.start_due_reconciliation"), now=clock.now())
