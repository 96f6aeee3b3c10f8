"""The doorbell of work: look at the runs now."""

from celery import shared_task

from loyalty.foundation.kernel import clock
from loyalty.foundation.work import api


@shared_task(name="work.execute", ignore_result=True)
def execute() -> int:
    """Do open runs until there is none."""
    count = 0
    while api.execute_next(now=clock.now()):
        count += 1
    return count
