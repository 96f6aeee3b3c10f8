"""Doorbells of audit: seal what waits, anchor the chain, look at it."""

from celery import shared_task

from loyalty.foundation.audit import api
from loyalty.foundation.kernel import clock


@shared_task(name="audit.seal", ignore_result=True)
def seal() -> int:
    """Seal what is committed, and anchor the chain when it is time."""
    made = api.seal(now=clock.now())
    api.anchor_due(now=clock.now())
    return made


@shared_task(name="audit.verify_due", ignore_result=True)
def verify_due() -> bool:
    """Look at what came since the last look, once a day at everything."""
    return api.verify_due(now=clock.now()).is_intact
