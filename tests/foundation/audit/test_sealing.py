"""Sealing: behind committed transactions, in the order of (xid, id), one sealer at a time."""

import threading
import time
from datetime import datetime

import pytest
from django.db import connection, connections, transaction

from loyalty.foundation.audit import api
from loyalty.foundation.audit.models import AuditBlock, AuditEntry
from loyalty.foundation.audit.queries import count_unsealed
from loyalty.foundation.kernel.actor import Actor
from tests.foundation.audit import tampering


def note(actor: Actor, now: datetime, ref: str) -> None:
    """Record something."""
    api.record(actor=actor, act="tests.note", subject_kind="note", subject_ref=ref, at=now, after={"ref": ref})


def seal_at_last(now: datetime) -> int:
    """Seal, once nothing that began before runs any more: the horizon is that of the server, with other tests' work."""
    deadline = time.monotonic() + 60
    while not (count := api.seal(now=now)):
        assert time.monotonic() < deadline
    return count


@pytest.mark.django_db(transaction=True)
def test_seal__a_transaction_still_runs__its_row_is_sealed_later_and_not_left_out(actor: Actor, now: datetime) -> None:
    has_written, may_commit = threading.Event(), threading.Event()

    def write_slowly() -> None:
        try:
            with transaction.atomic():
                note(actor, now, "early")
                has_written.set()
                assert may_commit.wait(30)
        finally:
            connections["default"].close()

    writer = threading.Thread(target=write_slowly)
    writer.start()
    assert has_written.wait(30)
    note(actor, now, "late")
    assert api.seal(now=now) == 0  # what began after the one that still runs waits for it
    may_commit.set()
    writer.join()
    assert seal_at_last(now) == 1
    block = AuditBlock.objects.get()
    refs = dict(AuditEntry.objects.values_list("id", "subject_ref"))
    assert [refs[one] for one in block.ids] == ["early", "late"]
    assert api.verify(now=now, is_full=True).is_intact


@pytest.mark.django_db(transaction=True)
def test_seal__rolled_back__leaves_no_trace(actor: Actor, now: datetime) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        note(actor, now, "never")
        raise ZeroDivisionError
    note(actor, now, "ever")
    assert seal_at_last(now) == 1
    assert AuditBlock.objects.get().row_count == 1
    assert (api.seal(now=now), count_unsealed()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_seal__by_four_at_once__covers_each_row_once(small_blocks: None, now: datetime) -> None:
    tampering.fill()

    def seal() -> None:
        try:
            api.seal(now=now)
        finally:
            connections["default"].close()

    sealers = [threading.Thread(target=seal) for _ in range(4)]
    for one in sealers:
        one.start()
    for one in sealers:
        one.join()
    covered = [row for block in AuditBlock.objects.order_by("number") for row in block.ids]
    assert covered == list(AuditEntry.objects.order_by("id").values_list("id", flat=True))
    assert api.verify(now=now, is_full=True).is_intact


@pytest.mark.django_db
def test_block__of_many_columns__says_what_python_would_say(now: datetime, actor: Actor) -> None:
    note(actor, now, "one")
    api.seal(now=now)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sha256(audit_content(e)) = b.leaves, b.digest = b.leaves FROM audit_auditentry e, audit_block b"
        )
        # One row: its leaf is the digest of its content, and so is the block's.
        assert cursor.fetchone() == (True, True)
