"""Doorbells of journeys: people whose time has come, newer facts, the clock, rules that may have come true."""

import time
from collections.abc import Callable

from celery import shared_task

from loyalty.foundation.kernel import clock
from loyalty.foundation.work import api as work
from loyalty.journeys import api

# One ring works about so long and then rings again, so that other bells get their turn in between: of moving people,
# behind which others' facts wait; of letting people in; of those whom a fact has just led on, whose reader is awaited.
ADVANCE_SECONDS, SWEEP_SECONDS, WOKEN_SECONDS = 0.5, 2.0, 0.3
# A ring that came to nothing so long is not needed: the beat's is there, and rings would become ever more.
RING_AGAIN_SECONDS = 2.0


def _for(seconds: float) -> Callable[[], bool]:
    """Give a question that is answered with yes for so long from now."""
    until = time.monotonic() + seconds
    return lambda: time.monotonic() < until


@shared_task(name="journeys.advance", ignore_result=True)
def advance() -> int:
    """Move on whoever's time has come."""
    has_time = _for(ADVANCE_SECONDS)
    moved = api.advance(now=clock.now(), has_time=has_time)
    if not has_time():
        work.ring("journeys.advance", within_s=RING_AGAIN_SECONDS)
    return moved


@shared_task(name="journeys.listen", ignore_result=True)
def listen() -> int:
    """Read newer facts, and move on at once whom they lead in or wake, before all others whose time has come."""
    heard = api.listen(now=clock.now())
    if heard.places:
        has_time = _for(WOKEN_SECONDS)
        api.advance(now=clock.now(), places=heard.places, has_time=has_time)
        work.ring("journeys.advance", within_s=RING_AGAIN_SECONDS)
    return heard.read


@shared_task(name="journeys.sweep", ignore_result=True)
def sweep() -> int:
    """Look at the clock."""
    has_time = _for(SWEEP_SECONDS)
    swept = api.sweep(now=clock.now(), has_time=has_time)
    if not has_time():
        work.ring("journeys.sweep", within_s=RING_AGAIN_SECONDS)
    return swept.started


@shared_task(name="journeys.ask_rules", ignore_result=True)
def ask_rules() -> int:
    """Ask those who wait whether the exit rule or the goal came true, and tidy up."""
    now = clock.now()
    api.tidy(now=now)
    return api.ask_rules(now=now)
