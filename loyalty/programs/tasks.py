"""Doorbells of programs: look now whether scheduled versions begin."""

from celery import shared_task

from loyalty.foundation.kernel import clock
from loyalty.programs import api


@shared_task(name="programs.begin_due", ignore_result=True)
def begin_due() -> int:
    """Have the versions begin whose instant has come."""
    return api.begin_due_versions(now=clock.now())
