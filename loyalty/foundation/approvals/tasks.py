"""The doorbell of approvals: end what is over."""

from celery import shared_task

from loyalty.foundation.approvals import api
from loyalty.foundation.kernel import clock


@shared_task(name="approvals.expire_due", ignore_result=True)
def expire_due() -> int:
    """End requests whose time is over, and those whose subject has changed."""
    return api.expire_due(now=clock.now())
