"""Doorbells of journeys: people whose time has come, newer facts, the clock, rules that may have come true."""

from celery import shared_task

from loyalty.foundation.kernel import clock
from loyalty.foundation.work import api as work
from loyalty.journeys import api

# One ring takes at most about so many steps and then rings again, so that other bells get their turn in between.
STEPS_PER_RING = 100_000


@shared_task(name="journeys.advance", ignore_result=True)
def advance() -> int:
    """Move on whoever's time has come."""
    moved = api.advance(now=clock.now(), moves_max=STEPS_PER_RING)
    if moved >= STEPS_PER_RING:
        work.ring("journeys.advance")
    return moved


@shared_task(name="journeys.listen", ignore_result=True)
def listen() -> int:
    """Read newer facts, and move on at once whom they lead in or wake."""
    heard = api.listen(now=clock.now())
    if heard.entered or heard.woken:
        api.advance(now=clock.now(), moves_max=STEPS_PER_RING)
    return heard.read


@shared_task(name="journeys.sweep", ignore_result=True)
def sweep() -> int:
    """Look at the clock."""
    return api.sweep(now=clock.now()).started


@shared_task(name="journeys.ask_rules", ignore_result=True)
def ask_rules() -> int:
    """Ask those who wait whether the exit rule or the goal came true, and tidy up."""
    now = clock.now()
    api.tidy(now=now)
    return api.ask_rules(now=now)
