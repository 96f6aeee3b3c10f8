"""The same program written at once: no change is lost, and a version begins once."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection, connections

from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel.actor import Actor
from loyalty.programs import api
from loyalty.programs.contracts import CapPlan, ProgramDocument
from loyalty.programs.models import ProgramVersion
from tests.programs.plans import LADDER

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 6


def at_once(work: Callable[[int], object]) -> list[object]:
    """Do the work in threads that begin together; give what each returned or raised."""
    ready = threading.Barrier(THREADS)
    outcomes: list[object] = []

    def run(number: int) -> None:
        try:
            ready.wait(timeout=30)
            outcomes.append(work(number))
        except Exception as fault:
            outcomes.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    connections.close_all()
    return outcomes


def make_program(actor: Actor, now: datetime) -> UUID:
    """Make an active program."""
    document = ProgramDocument(name="VIP", status=api.ProgramStatus.ACTIVE, earn_rule=1, tiers=LADDER)
    return api.create_program(document=document, actor=actor, now=now)


def test_add_cap__many_at_once__loses_none(actor: Actor, now: datetime) -> None:
    program = make_program(actor, now)

    def add(number: int) -> None:
        cap = CapPlan(code=f"c{number}", limit=Decimal(number + 1))
        api.add_cap(program_id=program, cap=cap, actor=actor, now=now)

    assert at_once(add) == [None] * THREADS
    assert {cap.code for cap in api.get_plan(program, at=now).caps} == {f"c{n}" for n in range(THREADS)}
    assert sorted(ProgramVersion.objects.values_list("number", flat=True)) == list(range(1, THREADS + 2))


def test_begin__swept_and_edited_at_once__begins_once(actor: Actor, now: datetime) -> None:
    program, due = make_program(actor, now), now + timedelta(days=1)
    api.update_program(
        program_id=program, changes={"earn_cap_daily": 5}, expected_version=None, actor=actor, now=now, effective_at=due
    )

    def look(number: int) -> object:
        if number % 2:
            return api.begin_due_versions(now=due)
        changes = {"expiry_days": number + 1}
        api.update_program(program_id=program, changes=changes, expected_version=None, actor=actor, now=due)
        return None

    outcomes = at_once(look)
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    told = PublishedEvent.objects.filter(type="program.changed").order_by("recorded_at", "event_id")
    assert [one.data["has_begun"] for one in told if one.data["version_number"] == 2] == [False, True]
    assert api.get_plan(program, at=due).earn_cap_daily == 5
