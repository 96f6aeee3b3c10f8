"""Stretches of the chain held against their rows at the same time, each by a connection of its own."""

import threading
from typing import Any

import pytest
from django.db import connection

from loyalty.foundation.audit import api, queries
from loyalty.foundation.audit.operations import verifying
from tests.foundation.audit import tampering
from tests.foundation.audit.tampering import NOW, run

STRETCHES = 6


@pytest.mark.django_db(transaction=True)
def test_verify__outside_of_a_transaction__holds_stretches_at_once_and_finds_the_same(
    small_blocks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "BLOCKS_PER_STATEMENT", 2)
    tampering.fill()
    assert api.seal(now=NOW) == 2 * STRETCHES
    both = threading.Barrier(verifying.STRETCHES_AT_ONCE)
    servers: set[int] = set()
    examine = queries.examine

    def together(first: int, last: int) -> list[dict[str, Any]]:
        # Nobody goes on before another one is here; one after the other would end in a broken barrier.
        both.wait(timeout=30)
        servers.add(int(run("SELECT pg_backend_pid()")[0][0]))
        return examine(first, last)

    monkeypatch.setattr(queries, "examine", together)
    told: list[tuple[int, int]] = []
    view = api.verify(now=NOW, is_full=True, report=lambda done, total: told.append((done, total)))
    assert (view.is_intact, view.block_count, view.row_count) == (True, 2 * STRETCHES, tampering.ROWS)
    assert told == [(number, 12) for number in (2, 4, 6, 8, 10, 12)]
    assert len(servers) > 1 and connection.connection.info.backend_pid not in servers

    run("GRANT UPDATE ON audit_auditentry TO CURRENT_USER")
    run("SET session_replication_role = replica")
    run("UPDATE audit_auditentry SET reason = 'changed' WHERE id = (SELECT ids[3] FROM audit_block WHERE number = 7)")
    run("SET session_replication_role = DEFAULT")
    run("REVOKE UPDATE ON audit_auditentry FROM CURRENT_USER")
    found = api.verify(now=NOW, is_full=True)
    assert [(one.kind, one.block) for one in found.faults] == [(api.FaultKind.EDITED, 7)]
