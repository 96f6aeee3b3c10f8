"""Doorbells of points: look now whether points are due to expire."""

from celery import shared_task

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import system_actor
from loyalty.points import api


@shared_task(name="points.expire_due", ignore_result=True)
def expire_due() -> int:
    """Expire what is due."""
    return api.expire_due(actor=system_actor("points.expire_due"), now=clock.now()).points_expired
