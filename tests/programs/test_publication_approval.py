"""Publishing a program and changing what an active one promises wait for others, at once and scheduled."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from loyalty.foundation.access.models import User
from loyalty.foundation.approvals import api as approvals
from loyalty.foundation.approvals.models import ApprovalRequest
from loyalty.programs import api
from loyalty.programs.contracts import ProgramDocument, ProgramStatus, TierDocument
from loyalty.programs.models import Program, ProgramVersion
from tests.foundation.approvals.things import any_of, decide, make_user, put_under_approval

DOCUMENT = ProgramDocument(
    name="Club", code="club", earn_rule={"*": [{"var": "transaction_amount"}, 2]},
    tiers=(TierDocument(code="base", name="Base", min_points=0),),
)  # fmt: skip


@pytest.fixture
def people(db: None) -> dict[str, User]:
    """Give who publishes and who decides."""
    return {"maker": make_user("maker", permissions=["programs.*"]), "chief": make_user("chief", roles=["chief"])}


def guard(kind: str) -> None:
    """Put a kind under approval."""
    put_under_approval(any_of("chief"), kind=kind)


def make(people: dict[str, User], now: datetime, status: ProgramStatus = ProgramStatus.DRAFT) -> Any:
    """Make a program before anything is guarded."""
    document = ProgramDocument(**{**_fields(DOCUMENT), "status": status})
    return api.create_program(document=document, actor=people["maker"].as_actor(), now=now)


def _fields(document: ProgramDocument) -> dict[str, Any]:
    return {"name": document.name, "code": document.code, "earn_rule": document.earn_rule, "tiers": document.tiers}


def update(people: dict[str, User], program: Any, now: datetime, *, at: datetime | None = None, **changes: Any) -> None:
    """Change a program."""
    api.update_program(
        program_id=program, changes=changes, expected_version=None, actor=people["maker"].as_actor(), now=now,
        effective_at=at,
    )  # fmt: skip


def asked(kind: str) -> ApprovalRequest:
    """Give the one request that waits."""
    request = ApprovalRequest.objects.get(state="PENDING")
    assert request.kind == kind
    return request


def test_draft__changed__waits_for_nobody(people: dict[str, User], now: datetime) -> None:
    program = make(people, now)
    guard("programs.publish")
    update(people, program, now, name="Other")
    assert Program.objects.get().name == "Other"


def test_publication__of_a_draft__waits_and_is_done_once(people: dict[str, User], now: datetime) -> None:
    program = make(people, now)
    guard("programs.publish")
    with pytest.raises(approvals.WaitsForApproval):
        update(people, program, now, status=ProgramStatus.ACTIVE)
    request = asked("programs.publish")
    assert (request.before["status"], request.after["status"]) == ("DRAFT", "ACTIVE")
    assert Program.objects.get().status == "DRAFT"
    assert decide(request, people["chief"], now=now).state == "EXECUTED"
    assert Program.objects.get().status == "ACTIVE"
    assert api.get_plan(program, at=now).earn_rules[0].code == "base"


def test_creation__active_at_once__waits_and_then_exists(people: dict[str, User], now: datetime) -> None:
    guard("programs.publish")
    with pytest.raises(approvals.WaitsForApproval):
        make(people, now, ProgramStatus.ACTIVE)
    assert Program.objects.count() == 0
    outcome = decide(asked("programs.publish"), people["chief"], now=now)
    assert outcome.result == {"program_id": str(Program.objects.get().public_id)}
    assert Program.objects.get().status == "ACTIVE"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"earn_rule": {"*": [{"var": "transaction_amount"}, 9]}}, "programs.change_earn_rules"),
        ({"burn_rule": {"/": [{"var": "points_requested"}, 50]}}, "programs.change_burn_rules"),
        ({"expiry_days": 90}, "programs.publish"),
    ],
)
def test_change__of_an_active_one__waits_by_what_it_touches(
    people: dict[str, User], now: datetime, changes: dict[str, Any], kind: str
) -> None:
    program = make(people, now, ProgramStatus.ACTIVE)
    for one in ("programs.publish", "programs.change_earn_rules", "programs.change_burn_rules"):
        guard(one)
    before = ProgramVersion.objects.count()
    with pytest.raises(approvals.WaitsForApproval):
        update(people, program, now, **changes)
    assert ProgramVersion.objects.count() == before
    decide(asked(kind), people["chief"], now=now)
    assert ProgramVersion.objects.count() == before + 1


def test_change__scheduled__waits_too(people: dict[str, User], now: datetime) -> None:
    program = make(people, now, ProgramStatus.ACTIVE)
    guard("programs.change_earn_rules")
    later = now + timedelta(days=3)
    with pytest.raises(approvals.WaitsForApproval):
        update(people, program, now, at=later, earn_rule={"*": [{"var": "transaction_amount"}, 9]})
    decide(asked("programs.change_earn_rules"), people["chief"], now=now + timedelta(days=1))
    version = ProgramVersion.objects.get(number=2)
    assert (version.starts_at, version.used_at) == (later, None)


def test_change__after_another__finds_the_request_void(people: dict[str, User], now: datetime) -> None:
    program = make(people, now, ProgramStatus.ACTIVE)
    guard("programs.change_earn_rules")
    with pytest.raises(approvals.WaitsForApproval):
        update(people, program, now, earn_rule={"*": [{"var": "transaction_amount"}, 9]})
    update(people, program, now, expiry_days=30)
    with pytest.raises(Exception, match="has changed"):
        decide(asked("programs.change_earn_rules"), people["chief"], now=now)
    assert ApprovalRequest.objects.get().state == "VOIDED"
