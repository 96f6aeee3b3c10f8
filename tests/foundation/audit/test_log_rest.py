"""The audit log over HTTP: narrowed, searched, paged, as a file, and held against its chain."""

import csv
import io
from datetime import datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.audit import api
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.audit.registry import register_link
from loyalty.foundation.kernel.actor import Actor
from tests.conftest import ClientWith
from tests.foundation.audit import tampering

V1 = "/api/loyalty/v1"


@pytest.fixture
def auditor(client_with: ClientWith) -> APIClient:
    """Give a client that may see, export and verify the log."""
    return client_with("audit.view", "audit.export", "audit.verify", "access.manage_roles", "work.view")


def rows_of(answer: Any) -> list[dict[str, Any]]:
    """Give the rows of a page."""
    assert answer.status_code == 200, answer.content
    return list(answer.json()["results"])


def text_of(answer: Any) -> str:
    """Read a file that is answered piece by piece."""
    return b"".join(answer.streaming_content).decode()


def test_row__written_by_a_request__says_where_it_came_from(auditor: APIClient) -> None:
    auditor.post(
        f"{V1}/roles/", {"code": "watcher", "name": "Watcher", "permissions": ["work.view"]},
        headers={"user-agent": "curl/8 \x07bell " + "x" * 300, "x-request-id": "abc-1"}, REMOTE_ADDR="192.0.2.44",
    )  # fmt: skip
    (row,) = rows_of(auditor.get(f"{V1}/auditLogs/?request_id=abc-1"))
    assert (row["remote_address"], row["user_agent"][:12]) == ("192.0.2.44", "curl/8  bell")
    assert len(row["user_agent"]) == 200
    assert (row["is_sealed"], row["block"]) == (False, None)
    assert rows_of(auditor.get(f"{V1}/auditLogs/?remote_address=192.0.2.44"))[0]["id"] == row["id"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("act=points.adjust", 240), ("act=points.earn", 0), ("actor_ref=user-3", 34), ("actor_kind=user", 240),
        ("subject_kind=account&subject_ref=account-17", 1), ("request_id=request-5", 1),
        ("at_after=2026-11-20T12:03:00Z", 61), ("at_before=2026-11-20T12:03:00Z", 179),
        ("at_after=2026-11-20T12:03:00Z&at_before=2026-11-20T12:03:01Z", 1), ("search=account-17", 1),
        ("search=points.adj", 240), ("search=SOMEBODY 77", 1), ("search=192.0.2.7", 240), ("search=%25", 0),
        ("search=nothing like it", 0), ("search=019d0000-0000-7000-8000-000000000000", 0),
    ],
)  # fmt: skip
def test_list__narrowed__gives_those_rows(auditor: APIClient, query: str, count: int) -> None:
    tampering.fill()
    answer = auditor.get(f"{V1}/auditLogs/?page_size=1&{query}")
    assert (answer.status_code, answer.json()["count"]) == (200, count)


@pytest.mark.parametrize("query", ["at_after=yesterday", "at_before=2026-13-01T00:00:00Z", "search=" + "x" * 201])
def test_list__narrowed_by_rubbish__is_refused(auditor: APIClient, query: str) -> None:
    answer = auditor.get(f"{V1}/auditLogs/?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_pages__while_rows_are_written__repeat_and_miss_nothing(
    auditor: APIClient, actor: Actor, now: datetime
) -> None:
    tampering.fill(60)
    seen, address = [], f"{V1}/auditLogs/?page_size=20"
    while address:
        page = auditor.get(address).json()
        seen += [row["subject_ref"] for row in page["results"]]
        address = page["next"]
        api.record(actor=actor, act="tests.note", subject_kind="note", subject_ref="new", at=now)
    assert seen == [f"account-{n}" for n in range(60, 0, -1)]


def test_row__sealed__names_its_block_and_its_subject(auditor: APIClient, now: datetime) -> None:
    register_link("account", "/accounts/{ref}")
    tampering.fill(3)
    api.seal(now=now)
    for row in rows_of(auditor.get(f"{V1}/auditLogs/?act=points.adjust")):
        assert (row["is_sealed"], row["block"], row["link"]) == (True, 1, f"/accounts/{row['subject_ref']}")
        one = auditor.get(f"{V1}/auditLogs/{row['id']}/").json()
        assert (one["block"], one["after"]) == (1, row["after"])


def test_export__with_formulas__writes_them_as_text_and_is_recorded(
    auditor: APIClient, actor: Actor, now: datetime
) -> None:
    for place, reason in enumerate(["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", 'a "quoted", one\nand a line']):
        api.record(
            actor=actor, act="tests.note", subject_kind="note", subject_ref=str(place), at=now, reason=reason,
            after={"amount": place},
        )  # fmt: skip
    answer = auditor.get(f"{V1}/auditLogs/export/?act=tests.note&nonsense=1", headers={"accept": "text/csv"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    told = list(csv.DictReader(io.StringIO(text_of(answer), newline="")))
    reasons = [row["reason"] for row in reversed(told)]
    assert reasons == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "'\r=1", 'a "quoted", one\nand a line']
    assert (told[0]["after"], told[0]["subject_ref"]) == ('{"amount":6}', "6")
    recorded = AuditEntry.objects.get(act="audit.export")
    assert recorded.after == {"filters": {"act": "tests.note"}, "rows": 7}


def test_export__of_too_many_rows__is_refused(auditor: APIClient, settings: Any) -> None:
    settings.LOYALTY_AUDIT_EXPORT_ROWS_MAX = 5
    tampering.fill(6)
    for accepted in ("*/*", "text/csv"):
        answer = auditor.get(f"{V1}/auditLogs/export/", headers={"accept": accepted})
        assert (answer.status_code, answer.json()["code"]) == (422, "audit.export_too_large")
    assert auditor.get(f"{V1}/auditLogs/export/?actor_ref=user-1").status_code == 200


def test_export__longer_than_a_piece__has_each_row_once(auditor: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loyalty.foundation.audit.queries.CSV_ROWS", 7)
    tampering.fill(30)
    lines = text_of(auditor.get(f"{V1}/auditLogs/export/")).splitlines()
    assert [line.split(",")[8] for line in lines[1:]] == [f"account-{n}" for n in range(30, 0, -1)]


def test_verify__before_anybody_looked__says_so(auditor: APIClient) -> None:
    answer = auditor.get(f"{V1}/auditLogs/verify/").json()
    assert (answer["verified_at"], answer["is_intact"], answer["faults"], answer["last_block"]) == (
        None,
        None,
        [],
        None,
    )


def test_verify__asked_for__seals_looks_and_is_remembered(auditor: APIClient) -> None:
    tampering.fill(30)
    answer = auditor.post(f"{V1}/auditLogs/verify/", {"full": True})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["is_intact"], told["is_full"], told["rows"], told["unsealed"]) == (True, True, 30, 0)
    assert told["last_block"]["block"] == 1
    assert auditor.get(f"{V1}/auditLogs/verify/").json()["verified_at"] == told["verified_at"]


def test_verify__after_tampering__names_the_row(auditor: APIClient) -> None:
    tampering.fill(30)
    auditor.post(f"{V1}/auditLogs/verify/", {"full": True})
    tampering.take_over()
    ((row,),) = tampering.run("UPDATE audit_auditentry SET after = NULL WHERE subject_ref = 'account-9' RETURNING id")
    told = auditor.post(f"{V1}/auditLogs/verify/", {"full": True}).json()
    assert (told["is_intact"], told["fault_count"]) == (False, 1)
    assert (told["faults"][0]["kind"], told["faults"][0]["entry_id"]) == ("edited", row)


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [("get", "auditLogs/", "audit.view"), ("get", "auditLogs/export/", "audit.export"),
     ("get", "auditLogs/verify/", "audit.view"), ("post", "auditLogs/verify/", "audit.verify")],
)  # fmt: skip
def test_routes__without_the_permission__are_refused(
    client_with: ClientWith, method: str, path: str, permission: str
) -> None:
    answer = getattr(client_with("points.view"), method)(f"{V1}/{path}")
    assert (answer.status_code, answer.json()["permission"]) == (403, permission)
