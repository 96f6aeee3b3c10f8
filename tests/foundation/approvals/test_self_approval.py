"""Nobody decides on what they asked for: twenty ways tried, with the code's own check and with that check taken out."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from loyalty.foundation.access.models import User
from loyalty.foundation.approvals import api
from loyalty.foundation.approvals.api import Verdict
from loyalty.foundation.approvals.models import ApprovalDecision, ApprovalRequest
from loyalty.foundation.approvals.operations import deciding
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.kernel.ids import new_public_id
from tests.foundation.approvals.things import (
    NOW,
    ask,
    decide,
    make_thing,
    make_user,
    put_under_approval,
    sql,
    state_of,
    thing,
)

Try = Callable[[ApprovalRequest, User, User], Any]


def token_of(user: User, kind: Any = "token") -> Actor:
    """Give a token of a user as it acts."""
    return Actor(kind, "0192f0c1-0000-7000-8000-000000000001", f"{user.username}/t", person_ref=str(user.public_id))


def hand_over(user: User, delegate: User, actor: User | None = None) -> None:
    """Have one stand in for the other."""
    api.create_delegation(
        user_ref=str(user.public_id), delegate_ref=str(delegate.public_id), starts_at=NOW - timedelta(hours=1),
        ends_at=NOW + timedelta(days=1), reason="", actor=(actor or user).as_actor(), now=NOW,
    )  # fmt: skip


def second(**fields: Any) -> User:
    """Give a second account with everything that a checker needs."""
    return make_user(roles=["boss"], **fields)


def by_deputy(request: ApprovalRequest, maker: User, boss: User) -> Any:
    """Let a colleague decide in the maker's place."""
    hand_over(maker, boss)
    return decide(request, boss, on_behalf_of=str(maker.public_id))


def as_deputy(request: ApprovalRequest, maker: User, boss: User) -> Any:
    """Decide oneself in a colleague's place."""
    hand_over(boss, maker)
    return decide(request, maker, on_behalf_of=str(boss.public_id))


def by_deputy_of_second(request: ApprovalRequest, maker: User, boss: User) -> Any:
    """Let a colleague decide in the place of one's second account."""
    other = second(email=maker.email)
    hand_over(other, boss)
    return decide(request, boss, on_behalf_of=str(other.public_id))


def second_as_deputy(request: ApprovalRequest, maker: User, boss: User) -> Any:
    """Decide by one's second account in a colleague's place."""
    other = second(email=maker.email)
    hand_over(boss, other)
    return decide(request, other, on_behalf_of=str(boss.public_id))


def with_email_changed(request: ApprovalRequest, maker: User, boss: User) -> Any:
    """Ask, then take another address, and decide by an account that has the first one."""
    other = second(email=maker.email)
    User.objects.filter(pk=maker.pk).update(email="new@khaywe.example")
    return decide(request, other)


def with_person_shared(request: ApprovalRequest, maker: User, boss: User) -> Any:
    """Decide by an account that names the maker as its person."""
    return decide(request, second(person_ref=str(maker.public_id)))


def by_account_taken_over(request: ApprovalRequest, maker: User, boss: User) -> Any:
    """Change a colleague's account after asking, as an administrator, and decide by it."""
    audit.record(
        actor=maker.as_actor(), act="access.manage_users", subject_kind="user", subject_ref=str(boss.public_id), at=NOW
    )
    return decide(request, boss, now=NOW + timedelta(minutes=1))


def by_fresh_account(request: ApprovalRequest, maker: User, boss: User) -> Any:
    """Make an account for it after asking, and decide by it."""
    made = second()
    audit.record(
        actor=maker.as_actor(), act="access.manage_users", subject_kind="user", subject_ref=str(made.public_id), at=NOW
    )
    return decide(request, made, now=NOW + timedelta(minutes=1))


def by_editing_the_maker(request: ApprovalRequest, maker: User, boss: User) -> Any:
    """Write somebody else into the request, then decide."""
    with transaction.atomic():
        sql("UPDATE approvals_approvalrequest SET maker_keys = ARRAY['user:nobody'], maker_ref = 'nobody'")
    return decide(request, maker)


def by_granting_oneself(request: ApprovalRequest, maker: User, boss: User) -> Any:
    """Write the state oneself."""
    with transaction.atomic():
        sql("UPDATE approvals_approvalrequest SET state = 'EXECUTED', closed_at = now()")


def by_a_row(request: ApprovalRequest, maker: User, boss: User) -> Any:
    """Write the decision oneself, with marks that are nobody's."""
    with transaction.atomic():
        ApprovalDecision.objects.create(
            request=request, step=0, verdict="APPROVE", checker_ref=str(maker.public_id), checker_name="x",
            checker_keys=["user:nobody"], payload_hash=request.payload_hash, at=NOW,
        )  # fmt: skip


def by_a_full_row(request: ApprovalRequest, maker: User, boss: User) -> Any:
    """Write the decision oneself, with one's own marks and none of the maker's."""
    with transaction.atomic():
        ApprovalDecision.objects.create(
            request=request, step=0, verdict="APPROVE", checker_ref=str(maker.public_id), checker_name="x",
            checker_keys=[f"user:{maker.public_id}"], maker_keys=[], payload_hash=request.payload_hash, at=NOW,
        )  # fmt: skip


def by_a_new_row(request: ApprovalRequest, maker: User, boss: User) -> Any:
    """Write a request that is granted already."""
    with transaction.atomic():
        copy = ApprovalRequest.objects.get(pk=request.pk)
        copy.pk, copy.state, copy.closed_at, copy.public_id = None, "EXECUTED", NOW, new_public_id()
        copy.save(force_insert=True)


WAYS: dict[str, Try] = {
    "by oneself": lambda request, maker, boss: decide(request, maker),
    "by a token of one's own": lambda request, maker, boss: decide(request, maker, actor=token_of(maker)),
    "by a token told to be a partner's": lambda request, maker, boss: decide(
        request, maker, actor=token_of(maker, "partner")
    ),
    "on behalf of oneself": lambda request, maker, boss: decide(request, maker, on_behalf_of=str(maker.public_id)),
    "by a second account of the same address": lambda request, maker, boss: decide(request, second(email=maker.email)),
    "by one whose address has other letters": lambda request, maker, boss: decide(
        request, second(email="MAKER@Khaywe.Example")
    ),
    "by one whose address has a tag": lambda request, maker, boss: decide(
        request, second(email="maker+second@khaywe.example")
    ),
    "by one whose address has wide letters": lambda request, maker, boss: decide(
        request, second(email="ｍａｋｅｒ@khaywe.example")
    ),
    "by one whose address ends in a dot": lambda request, maker, boss: decide(
        request, second(email="maker@khaywe.example.")
    ),
    "by one with the same person": with_person_shared,
    "by a token of the second account": lambda request, maker, boss: decide(
        request, maker, actor=token_of(second(email=maker.email))
    ),
    "by a deputy": by_deputy,
    "as a deputy": as_deputy,
    "by a deputy of the second account": by_deputy_of_second,
    "by the second account as a deputy": second_as_deputy,
    "after the address was changed": with_email_changed,
    "by an account taken over": by_account_taken_over,
    "by an account made for it": by_fresh_account,
    "by writing another maker": by_editing_the_maker,
    "by writing the state": by_granting_oneself,
    "by writing a decision": by_a_row,
    "by writing a decision with one's marks": by_a_full_row,
    "by writing a request": by_a_new_row,
}
# These two look at what the maker did before, which only the code knows.
ONLY_IN_CODE = {"by an account taken over", "by an account made for it"}


@pytest.fixture
def asked(maker: User, boss: User) -> ApprovalRequest:
    """Give the maker's request."""
    put_under_approval()
    make_thing("a")
    return ask("a", 5, maker.as_actor(), now=NOW - timedelta(minutes=1))


@pytest.mark.parametrize("way", WAYS)
def test_self_approval__tried__is_refused(asked: ApprovalRequest, maker: User, boss: User, way: str) -> None:
    with pytest.raises((Refusal, DatabaseError)), transaction.atomic():
        WAYS[way](asked, maker, boss)
    assert (state_of(asked), thing("a"), ApprovalDecision.objects.count()) == ("PENDING", (0, 1, 0), 0)


@pytest.mark.parametrize("way", [way for way in WAYS if way not in ONLY_IN_CODE])
def test_self_approval__with_the_check_of_the_code_gone__is_refused_by_the_database(
    asked: ApprovalRequest, maker: User, boss: User, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "_check_person", lambda *_: None)
    with pytest.raises((Refusal, DatabaseError)), transaction.atomic():
        WAYS[way](asked, maker, boss)
    assert (state_of(asked), thing("a"), ApprovalDecision.objects.count()) == ("PENDING", (0, 1, 0), 0)


@pytest.mark.parametrize("way", ["by oneself", "by a second account of the same address", "by a deputy"])
def test_self_approval__with_both_checks_gone__would_pass(
    asked: ApprovalRequest, maker: User, boss: User, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: without code and constraint the way is open, so it is they that close it."""
    monkeypatch.setattr(deciding, "_check_person", lambda *_: None)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE approvals_approvaldecision DROP CONSTRAINT approvals_maker_is_not_checker")
    WAYS[way](asked, maker, boss)
    assert thing("a")[2] == 1


COLUMNS = {
    "payload": "payload || '{\"value\": 9}'", "payload_hash": "'0'", "amount": "1", "before": "'{}'", "after": "'{}'",
    "kind": "'x'", "subject_ref": "'x'", "maker": "'{}'", "maker_keys": "ARRAY['x']", "steps": "'[]'", "reason": "'x'",
    "expires_at": "now()", "key": "'x'", "requested_at": "now()", "beneficiary_ref": "'x'", "summary": "'x'",
}  # fmt: skip


def bring_to(request: ApprovalRequest, state: str, maker: User, boss: User) -> None:
    """Have a request end as it is wanted."""
    if state == "EXECUTED":
        decide(request, boss)
    elif state == "REJECTED":
        decide(request, boss, Verdict.REJECT)
    elif state == "CANCELLED":
        api.cancel(request_id=request.public_id, actor=maker.as_actor(), reason="no", now=NOW)
    elif state == "BYPASSED":
        api.bypass(request_id=request.public_id, actor=boss.as_actor(), reason="the shop is down", now=NOW)
    elif state == "VOIDED":
        sql("UPDATE tests_thing SET version = 7")
        api.expire_due(now=NOW)
    elif state == "EXPIRED":
        api.expire_due(now=NOW + timedelta(days=9))


@pytest.mark.parametrize("state", [state.value for state in api.RequestState])
def test_request__edited_in_any_state__is_refused(asked: ApprovalRequest, maker: User, boss: User, state: str) -> None:
    bring_to(asked, state, maker, boss)
    assert state_of(asked) == state
    taken = []
    for column, value in COLUMNS.items():
        with suppress(DatabaseError), transaction.atomic():
            sql(f"UPDATE approvals_approvalrequest SET {column} = {value} WHERE id = %s", asked.pk)  # noqa: S608
            taken.append(column)
    for statement in ("DELETE FROM approvals_approvalrequest", "DELETE FROM approvals_approvaldecision",
                      "UPDATE approvals_approvaldecision SET verdict = 'REJECT', comment = 'x'"):  # fmt: skip
        before = ApprovalDecision.objects.count(), ApprovalRequest.objects.count()
        with suppress(DatabaseError), transaction.atomic():
            sql(statement)
        assert (ApprovalDecision.objects.count(), ApprovalRequest.objects.count()) == before
    assert taken == []
    if state != "PENDING":
        for other in api.RequestState:
            if other.value != state:
                with pytest.raises(DatabaseError), transaction.atomic():
                    sql("UPDATE approvals_approvalrequest SET state = %s WHERE id = %s", other.value, asked.pk)
    assert not ApprovalDecision.objects.filter(verdict="REJECT", comment="x").exists()
