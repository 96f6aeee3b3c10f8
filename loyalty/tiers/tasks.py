"""Doorbells of tiers: look now whether a program's day has turned."""

from celery import shared_task

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import system_actor
from loyalty.tiers import api


@shared_task(name="tiers.settle_due", ignore_result=True)
def settle_due() -> int:
    """Begin the settling of programs whose day has turned, and end manual tiers that are over."""
    return api.settle_due(actor=system_actor("tiers.settle_due"), now=clock.now())
