"""What the page of the log looks up is found by an index, at a size where that matters."""

from collections.abc import Iterator

import pytest
from django.db import connection

from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.audit.rest.views import AuditFilter
from tests.foundation.audit.tampering import run

ROWS = 60_000
# Nearly all are postings by a few tills; a handful of other acts and people lie among them.
FILL = """
    INSERT INTO audit_auditentry (public_id, at, actor_kind, actor_ref, actor_name, act, subject_kind, subject_ref,
        reason, request_id, remote_address)
    SELECT uuidv7(), timestamptz '2026-01-01' + n * interval '1 minute', 'token',
        CASE WHEN n %% 20000 = 7 THEN 'auditor' ELSE 'till-' || n %% 20 END, '',
        CASE WHEN n %% 20000 = 3 THEN 'access.manage_roles' ELSE 'points.earn' END, 'account', md5((n %% 10000)::text),
        '', md5(n::text), CASE WHEN n %% 20000 = 4 THEN '10.9.8.7' ELSE '192.0.2.' || n %% 50 END
    FROM generate_series(1, %s) n
"""


@pytest.fixture
def log(db: None) -> Iterator[AuditEntry]:
    """A log of some size, summarised as the server's own housekeeping does it; gives one of its rows."""
    run(FILL, [ROWS])
    run("SELECT brin_summarize_new_values('audit_lookup')")
    run("ANALYZE audit_auditentry")
    yield AuditEntry.objects.order_by("id")[ROWS // 3]


@pytest.mark.parametrize(
    ("wanted", "index", "count"),
    [
        ({"subject_kind": "account", "subject_ref": "{subject_ref}"}, "audit_subject_page", 6),
        ({"request_id": "{request_id}"}, "audit_request", 1),
        ({"actor_ref": "auditor"}, "audit_lookup", 3),
        ({"act": "access.manage_roles"}, "audit_lookup", 3),
        ({"remote_address": "10.9.8.7"}, "audit_lookup", 3),
        ({"at_after": "2026-01-05T00:00:00Z", "at_before": "2026-01-05T00:05:00Z"}, "audit_lookup", 5),
        # What nearly all rows are is found by going back from the newest.
        ({"act": "points.earn"}, "audit_auditentry_pkey", 50),
    ],
    ids=lambda one: "-".join(one) if isinstance(one, dict) else None,
)
def test_lookup__of_a_page__goes_along_an_index(
    log: AuditEntry, wanted: dict[str, str], index: str, count: int
) -> None:
    query = {name: value.format(**vars(log)) for name, value in wanted.items()}
    page = AuditFilter(query, queryset=AuditEntry.objects.order_by("-id")).qs[:50]
    assert len(page) == count
    plan = page.explain()
    assert index in plan and "Seq Scan" not in plan, plan


def test_lookup__of_one_entry__goes_along_an_index(log: AuditEntry) -> None:
    found = AuditEntry.objects.filter(public_id=log.public_id)
    assert [one.pk for one in found] == [log.pk]
    assert "audit_lookup" in found.explain()


@pytest.mark.django_db
def test_indexes__of_the_log__are_few() -> None:
    with connection.cursor() as cursor:
        names = set(connection.introspection.get_constraints(cursor, "audit_auditentry"))
    told = {name for name in names if not name.endswith("_not_null")}
    assert {"audit_subject_page", "audit_request", "audit_lookup", "audit_sealing"} <= told
    assert len(told) == 5, "each one costs every posting of points"
