"""Changes of connectors under approval: 202, nothing counts yet, sealed while it waits, saved once, void when stale."""

import os
import signal
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from loyalty.foundation.access.models import User
from loyalty.foundation.approvals import queries
from loyalty.foundation.approvals.api import Verdict
from loyalty.foundation.approvals.models import ApprovalRequest
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.configuration import api, registry
from loyalty.foundation.configuration.models import SectionVersion
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.resilience import failpoints
from tests.foundation.approvals import things
from tests.foundation.approvals.test_approvals_rest import V1, client_of
from tests.foundation.approvals.things import any_of, make_user, put_under_approval, state_of
from tests.foundation.configuration.conftest import ENVIRONMENT, SPEC
from tests.ledger.parallel import all_at_once

KIND = "configuration.change"
PATH = f"{V1}/config/{SPEC.code}/"
SECRET = "pass-phrase-of-the-new-host-9182"


@pytest.fixture
def chief(db: None) -> Iterator[User]:
    """Somebody who decides, a workflow that has changes of connectors wait, and the section of the tests."""
    ENVIRONMENT.clear()
    registry.register_section(SPEC)
    put_under_approval(any_of("chief"), kind=KIND)
    yield make_user("chief", roles=["chief"])
    registry.forget_section(SPEC.code)


@pytest.fixture
def client(chief: User) -> APIClient:
    """Somebody who may change the configuration."""
    return client_of(make_user("keeper", permissions=["configuration.*", "approvals.view"]))


def waiting(answer: Any) -> ApprovalRequest:
    """Give the request behind a 202."""
    assert answer.status_code == 202, answer.content
    return ApprovalRequest.objects.get(public_id=answer.json()["approval_request"]["id"], kind=KIND)


def approve(request: ApprovalRequest, chief: User) -> Any:
    """Approve over HTTP."""
    body = {"request": str(request.public_id), "verdict": "APPROVE", "payload_hash": request.payload_hash}
    return client_of(chief).post(f"{V1}/approvalDecisions/", body)


def decide(request: ApprovalRequest, user: User) -> Any:
    """Approve by the front door."""
    return things.decide(request, user, Verdict.APPROVE, now=clock.now())


def test_change__of_a_connector__waits_sealed_and_is_saved_once(client: APIClient, chief: User) -> None:
    answer = client.post(PATH, {"values": {"host": "new.example", "password": SECRET}, "reason": "moved"})
    asked = waiting(answer)
    assert (api.read(SPEC.code)["host"], api.view(SPEC.code).version) == ("env.example", 0)
    told = client_of(chief).get(answer["Location"])
    seen = {one["path"]: one["after"] for one in told.json()["diff"]}
    assert (seen["host"], told.json()["reason"]) == ("new.example", "moved")
    for text in (answer.content.decode(), told.content.decode(), str(asked.payload), str(asked.after)):
        assert SECRET not in text
    decided = approve(asked, chief)
    assert decided.json()["request"]["result"]["version"] == 1
    values = api.read(SPEC.code)
    assert (values["host"], values["password"]) == ("new.example", SECRET)
    assert SectionVersion.objects.filter(code=SPEC.code).count() == 1
    assert AuditEntry.objects.get(act="configuration.manage").actor_name == "keeper/tests"
    assert not AuditEntry.objects.filter(after__icontains=SECRET).exists()
    assert approve(asked, chief).json()["code"] == "approvals.closed"


def test_roll_back__of_a_connector__waits_too(client: APIClient, chief: User) -> None:
    approve(waiting(client.post(PATH, {"values": {"note": "one"}})), chief)
    approve(waiting(client.post(PATH, {"values": {"note": "two"}})), chief)
    back = waiting(client.post(f"{PATH}rollback/", {"version": 1}))
    assert back.summary == "Stand-in: back to version 1"
    assert queries.summary_of(back, "ar") == "\u2068Stand-in\u2069: العودة إلى الإصدار \u20681\u2069"
    approve(back, chief)
    assert (api.read(SPEC.code)["note"], api.view(SPEC.code).version) == ("one", 3)


def test_change__of_what_moved_meanwhile__is_void(client: APIClient, chief: User) -> None:
    asked = waiting(client.post(PATH, {"values": {"host": "new.example"}}))
    things.sql("UPDATE configuration_storedsection SET version = version + 1 WHERE code = %s", SPEC.code)
    answer = approve(asked, chief)
    assert (answer.status_code, answer.json()["code"], state_of(asked)) == (409, "approvals.closed", "VOIDED")
    assert api.read(SPEC.code)["host"] == "env.example"


def test_change__that_changes_nothing_or_cannot_be_used__asks_nobody(client: APIClient, chief: User) -> None:
    assert client.post(PATH, {"values": {"mode": "zzz"}}).status_code == 400
    assert client.post(PATH, {"values": {}}).status_code in (200, 400)
    assert ApprovalRequest.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_checkers__at_once__save_one_version(client: APIClient, chief: User, transactional_db: None) -> None:
    other = make_user("other", roles=["chief"])
    for number in range(4):
        asked = waiting(client.post(PATH, {"values": {"note": f"note {number}"}}))
        outcomes = all_at_once([partial(decide, asked, chief), partial(decide, asked, other)])
        assert sorted(isinstance(one, Refusal) for one in outcomes) == [False, True]
        assert SectionVersion.objects.filter(code=SPEC.code).count() == number + 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", ["approvals.executed", "approvals.decision_committed"])
def test_decision__killed__leaves_section_and_request_together(
    client: APIClient, chief: User, transactional_db: None, point: str
) -> None:
    asked = waiting(client.post(PATH, {"values": {"note": "new", "password": SECRET}}))
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            failpoints.arm(failpoints.Failpoint(point, 1))
            decide(asked, chief)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    is_done = point == "approvals.decision_committed"
    assert (state_of(asked), SectionVersion.objects.count()) == (("EXECUTED", 1) if is_done else ("PENDING", 0))
    if not is_done:
        decide(asked, chief)
    assert (SectionVersion.objects.count(), api.read(SPEC.code)["password"]) == (1, SECRET)
