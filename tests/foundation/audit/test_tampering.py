"""Whoever has the database in hand can change the log, and is found: what was done, and where."""

import os
import random
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError, ProgrammingError

from loyalty.foundation.audit import api
from loyalty.foundation.audit.api import FaultKind
from loyalty.foundation.events.models import PublishedEvent
from tests.foundation.audit import tampering
from tests.foundation.audit.tampering import NOW, TAMPERS, Tamper, look, run, take_over, undone

# 1,000 in the longer form: LOYALTY_TAMPERS=1000.
GIVE = "GRANT UPDATE, DELETE, TRUNCATE ON {} TO CURRENT_USER"
COUNT = int(os.environ.get("LOYALTY_TAMPERS", "55"))


def test_chain__untouched__is_intact(sealed: None) -> None:
    found = look()
    assert (found.is_intact, found.faults) == (True, ())
    assert (found.block_count, found.row_count, found.anchor_count) == (12, tampering.ROWS, 2)
    assert found.unsealed_count == 0


@pytest.mark.parametrize("tamper", TAMPERS, ids=lambda one: one.__name__)
def test_tamper__each_kind__is_named(sealed: None, tamper: Tamper) -> None:
    take_over()
    done = tamper(random.Random(7))
    found = look()
    assert not found.is_intact, done.words
    assert done.kinds & {fault.kind for fault in found.faults}, (done.words, found.faults)
    if done.entry_id is not None:
        assert done.entry_id in {fault.entry_id for fault in found.faults}


def test_tampers__at_random__are_all_found(sealed: None) -> None:
    missed = []
    for seed in range(COUNT):
        chance = random.Random(seed)
        with undone():
            take_over()
            done = TAMPERS[seed % len(TAMPERS)](chance)
            found = look()
            kinds = {fault.kind for fault in found.faults}
            is_placed = done.entry_id is None or done.entry_id in {fault.entry_id for fault in found.faults}
            if found.is_intact or not done.kinds & kinds or not is_placed:
                missed.append((seed, done, kinds))
    assert missed == []
    assert look().is_intact


def test_tamper__found__is_told_once_and_points_at_its_place(sealed: None) -> None:
    take_over()
    ((row, block),) = run("SELECT ids[5], number FROM audit_block WHERE number = 4")
    run("UPDATE audit_auditentry SET after = '{}' WHERE id = %s", [row])
    found = look()
    assert [(one.kind, one.block, one.entry_id) for one in found.faults] == [(FaultKind.EDITED, block, row)]
    told = PublishedEvent.objects.get(type="audit.tampering_found")
    assert told.data == {"fault_count": 1, "first_fault": "edited", "first_block": 4}


def test_incremental__after_an_intact_look__reads_only_what_came_since(sealed: None) -> None:
    look()
    tampering.fill(40, first_xid=500)
    assert api.seal(now=NOW) == 2
    found = api.verify(now=NOW, is_full=False)
    assert (found.is_full, found.is_intact) == (False, True)
    assert (found.block_from, found.block_to, found.row_count) == (12, 14, 60)


def test_rows__put_before_the_end_of_the_chain__are_found(sealed: None) -> None:
    tampering.fill(1)
    found = look()
    assert [one.kind for one in found.faults] == [FaultKind.INSERTED]


def test_incremental__after_a_look_that_found_something__reads_all(sealed: None) -> None:
    take_over()
    tampering.delete_row(random.Random(1))
    assert not look().is_intact
    again = api.verify(now=NOW, is_full=False)
    assert (again.block_from, again.is_intact) == (1, False)


def test_tail_cut__with_the_file_of_anchors_gone__is_found_by_the_outbox(sealed: None, anchors: Path) -> None:
    anchors.unlink()
    take_over()
    tampering.cut_tail(random.Random(3))
    kinds = {one.kind for one in look().faults}
    assert {FaultKind.CUT_TAIL, FaultKind.ANCHOR_MISSING} <= kinds


def test_rewrite__of_chain_and_outbox__is_found_by_the_file(sealed: None) -> None:
    take_over()
    tampering.rewrite_all(random.Random(5))
    run("DELETE FROM events_outbox WHERE type = 'audit.anchored'")
    assert {one.kind for one in look().faults} == {FaultKind.REWRITTEN}


def test_anchors__cut_off_while_written__say_nothing(sealed: None, anchors: Path) -> None:
    with anchors.open("a") as file:
        file.write('{"at": "2026-11-20T12:0')
    assert look().is_intact
    with anchors.open("a") as file:
        file.write("\nrubbish\n")
    assert {one.kind for one in look().faults} == {FaultKind.ANCHOR_UNREADABLE}


def test_anchors__of_an_unchanged_chain__are_not_repeated(sealed: None, anchors: Path) -> None:
    assert api.anchor(now=NOW) is None
    assert len(anchors.read_text().splitlines()) == 2
    assert anchors.stat().st_mode & 0o777 == 0o600
    assert PublishedEvent.objects.filter(type="audit.anchored").count() == 2


@pytest.mark.parametrize("table", ["audit_auditentry", "audit_block"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET {} = now()", "DELETE FROM {}", "TRUNCATE {}"])
def test_tables__changed_by_their_owner__refuse(sealed: None, table: str, verb: str) -> None:
    statement = verb.format(table, "sealed_at" if table == "audit_block" else "at")
    # The right is missing; who gives it to themselves meets the triggers.
    for rights, fault in ("REVOKE ALL ON {} FROM PUBLIC", ProgrammingError), (GIVE, IntegrityError):
        with pytest.raises(fault), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(rights.format(table))
            cursor.execute(statement)
