"""Bad input over HTTP, one kind after the other: a stable code of the catalogue, and a ledger that did not move."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, connections
from rest_framework.test import APIClient

from loyalty.foundation.access import api as access
from loyalty.foundation.kernel import clock
from loyalty.ledger import api as ledger
from loyalty.population import api as population
from tests.campaigns.conftest import post
from tests.campaigns.scene import SCHEDULE, work_off
from tests.delivery.post import Post, make_customers
from tests.gateways.wild import known_codes
from tests.gateways.world import NOW, V1, World, load_people, make_members, sign_in
from tests.programs.documents import document

__all__ = ["post"]

EARN, BURN, PROGRAMS, SEGMENTS = (
    V1 + path for path in ("services/points/earn/", "services/points/burn/", "loyaltyPrograms/", "segments/")
)
CODES = known_codes()
# Far deeper than any rule that a person would write, and deeper than the parsers of some stacks can go.
DEEP_RULE_LEVELS, DEEP_JSON_LEVELS = 40, 200_000


@pytest.fixture(autouse=True)
def still() -> Iterator[None]:
    """The clock stands still."""
    with clock.use(clock.FixedClock(NOW)):
        yield


@pytest.fixture
def world(db: None) -> World:
    """Members with points."""
    return members()


def members() -> World:
    """Make members with points."""
    world = sign_in()
    make_members(world, load_people())
    rows = world.client.get(f"{V1}loyaltyAccounts/").json()["results"]
    world.ids["loyaltyAccounts"] = [row["id"] for row in sorted(rows, key=lambda row: -row["points_balance"])]
    world.ids["loyaltyPrograms"] = [world.client.get(PROGRAMS).json()["results"][0]["id"]]
    return world


def book() -> tuple[object, ...]:
    """Give what must not change: the totals and the number of transactions; every law holds."""
    assert [one.code for one in ledger.check_invariants(now=NOW) if one.violations] == []
    return ledger.get_totals(), ledger.count_transactions()


def assert_refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Check a refusal and give its document."""
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), answer.content
    body: dict[str, Any] = answer.json()
    assert (body["code"], body["status"]) == (code, status)
    assert code in CODES
    return body


def send(world: World, url: str, raw: bytes) -> Any:
    """Post bytes as they are, under a new key."""
    return world.client.post(url, raw, content_type="application/json", headers={"Idempotency-Key": uuid4().hex})


def earning(world: World, **changes: Any) -> bytes:
    """Write an earn that would be taken, with changes."""
    given = {"account_id": world.first("loyaltyAccounts"), "transaction_amount": "250.00", **changes}
    return json.dumps({name: value for name, value in given.items() if value is not ...}).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b'{"points": 1,}', b"points=1", b"\xff\xfe\x00", b'{"points": NaN}', b'{"points": Infinity}',
        b'{"points": 1e999999999}', b'{"points": ' + b"9" * 30 + b"}", b"[" * DEEP_JSON_LEVELS,
        b'{"reason": "a\\u0000b"}', b'{"reason": "\\ud800"}', b'{"\\udfff": 1}', b'{"a": "\x00"}',
    ],
)  # fmt: skip
def test_body__that_is_no_json_or_cannot_be_kept__is_malformed(world: World, raw: bytes) -> None:
    before = book()
    code = "invalid" if raw == b"" else "request.malformed"
    for url in (EARN, BURN, PROGRAMS):
        assert_refused(send(world, url, raw), 400, code)
    assert book() == before


@pytest.mark.parametrize("raw", [b"[]", b"null", b"7", b'"text"', b"true", b"[[{}]]"])
def test_body__json_but_no_object__is_invalid(world: World, raw: bytes) -> None:
    before = book()
    for url in (EARN, BURN, PROGRAMS, SEGMENTS, f"{V1}webhooks/customer-events/", f"{V1}loyaltyTransactions/"):
        assert_refused(send(world, url, raw), 400, "invalid")
    assert book() == before


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"amount": "5"}, "amount"),
        ({"account_id": 7}, "account_id"),
        ({"account_id": "W-1"}, "account_id"),
        ({"transaction_amount": True}, "transaction_amount"),
        ({"transaction_amount": ["1"]}, "transaction_amount"),
        ({"transaction_amount": "9" * 400}, "transaction_amount"),
        ({"transaction_amount": "1e400"}, "transaction_amount"),
        ({"transaction_amount": "Infinity"}, "transaction_amount"),
        ({"transaction_amount": -5}, "transaction_amount"),
        ({"transaction_amount": ..., "points": 2**63 - 1}, "points"),
        ({"transaction_amount": ..., "points": "5"}, "points"),
        ({"transaction_amount": ..., "points": 1.5}, "points"),
        ({"transaction_context": 5}, "transaction_context"),
        ({"currency": {"a": 1}}, "currency"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
    ],
)
def test_field__unknown_or_of_another_type__is_named(world: World, changes: dict[str, Any], field: str) -> None:
    before = book()
    problem = assert_refused(send(world, EARN, earning(world, **changes)), 400, "invalid")
    assert [one["field"] for one in problem["errors"]] == [field]
    assert book() == before


def test_id__unknown__is_not_found_or_refused(world: World) -> None:
    before, unknown = book(), str(uuid4())
    paths = (
        "loyaltyAccounts", "loyaltyPrograms", "loyaltyTransactions", "segments", "campaigns", "customers", "users",
        "runs", "services/points/reconcile",
    )  # fmt: skip
    for path in paths:
        for name in (unknown, "7", "%00", "%27", "x" * 300):
            answer = world.client.get(f"{V1}{path}/{name}/")
            assert answer.status_code == 404, (path, name, answer.content)
            assert answer.json()["code"] in CODES
    assert_refused(send(world, EARN, earning(world, account_id=unknown)), 404, "account.not_found")
    body = json.dumps({"transaction_id": unknown}).encode()
    assert_refused(send(world, f"{V1}services/points/reverse/", body), 404, "transaction.not_found")
    assert book() == before


def deep(levels: int) -> dict[str, Any]:
    """Give a rule of so many levels."""
    rule: dict[str, Any] = {"==": [1, 1]}
    for _ in range(levels):
        rule = {"!": [rule]}
    return rule


@pytest.mark.parametrize(
    "rule",
    [{"eval": ["1"]}, {"var": "shoe_size"}, deep(DEEP_RULE_LEVELS), {"==": [1, 1], "!=": [1, 1]}, "1 OR 1=1", [{}]],
)
def test_rule__that_is_none__is_refused_where_it_is_written(world: World, rule: Any) -> None:
    before = book()
    for name in ("earn_rule", "burn_rule"):
        answer = world.client.post(PROGRAMS, document(code="OTHER", **{name: rule}))
        assert answer.json()["errors"][0]["field"].startswith(name), answer.content
        assert_refused(answer, 422, "rule.invalid")
        address = f"{PROGRAMS}{world.first('loyaltyPrograms')}/"
        assert_refused(world.client.patch(address, {name: rule}), 422, "rule.invalid")
    wanted = {"name": "Wild", "kind": "dynamic", "rules": rule}
    assert world.client.post(SEGMENTS, wanted).json()["code"] in CODES
    assert world.client.get(SEGMENTS).json()["count"] == 0
    assert book() == before


def test_burn__of_more_than_there_is__is_refused(world: World) -> None:
    before = book()
    balance = world.client.get(f"{V1}loyaltyAccounts/{world.first('loyaltyAccounts')}/").json()["points_balance"]
    wanted = {"account_id": world.first("loyaltyAccounts"), "points": balance + 1}
    assert_refused(send(world, BURN, json.dumps(wanted).encode()), 409, "points.insufficient")
    assert book() == before


@pytest.mark.django_db(transaction=True)
def test_burn__of_all_points_twice_at_once__one_gets_them() -> None:
    world = members()
    account = world.first("loyaltyAccounts")
    balance = world.client.get(f"{V1}loyaltyAccounts/{account}/").json()["points_balance"]
    assert balance > 0
    gate, answers = threading.Barrier(2), []

    def burn() -> None:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {world.token}")
        connection.ensure_connection()
        gate.wait(timeout=30)
        try:
            body = {"account_id": account, "points": balance}
            answers.append(client.post(BURN, body, headers={"Idempotency-Key": uuid4().hex}))
        finally:
            connection.close()

    threads = [threading.Thread(target=burn) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    connections.close_all()
    taken, refused = sorted(answers, key=lambda answer: answer.status_code)
    assert (taken.status_code, taken.json()["points_balance"]) == (201, 0)
    assert_refused(refused, 409, "points.insufficient")
    book()


def test_token__expired_unknown_or_odd__is_unauthenticated(world: World) -> None:
    before, address = book(), f"{V1}loyaltyAccounts/"
    user = access.ensure_administrator(username="late", password="a long enough phrase 4712", email="l@mail.test")
    issued = access.create_token(user_id=user.id, name="late", now=NOW, lifetime=timedelta(seconds=1))
    held = {"Authorization": f"Bearer {issued.secret}"}
    assert APIClient().get(address, headers=held).status_code == 200
    with clock.use(clock.FixedClock(NOW + timedelta(seconds=1))):
        assert_refused(APIClient().get(address, headers=held), 401, "token.expired")
        spent = {**held, "Idempotency-Key": "late"}
        answer = APIClient().post(EARN, earning(world), content_type="application/json", headers=spent)
        assert_refused(answer, 401, "token.expired")
    for odd in ("Bearer klt_none", "Bearer ", "Bearer \u00e4", "Bearer a b c"):
        assert_refused(APIClient().get(address, headers={"Authorization": odd}), 401, "token.invalid")
    assert_refused(APIClient().get(address), 401, "unauthenticated")
    assert book() == before


def test_body__of_five_megabytes__is_too_large(world: World) -> None:
    before = book()
    raw = earning(world, transaction_context={"note": "x" * 5_000_000})
    for url in (EARN, PROGRAMS, SEGMENTS, "/api/auth/login/"):
        assert_refused(send(world, url, raw), 413, "request.too_large")
    assert book() == before


def test_template__with_a_missing_variable__is_skipped_with_the_reason(world: World, post: Post) -> None:
    make_customers(["Ada", ""], NOW, prefix="t")
    segment = world.make("segments/", {"name": "Friends", "kind": "static"})["id"]
    world.make("segmentMembers/", {"segment": segment, "customers": ["t-0", "t-1"]})
    content = {"email": {"subject": "Hello {{ first_name }}", "body": "<p>Hello {{ first_name }}</p>"}}
    wanted = {"name": "News", "segment": segment, "trigger": SCHEDULE, "channels": ["email"], "content": content}
    campaign = world.make("campaigns/", {**wanted, "status": "ACTIVE"})["id"]
    world.make(f"campaigns/{campaign}/trigger/", {"occurrence": "o-1"})
    work_off(NOW)
    rows = world.client.get(f"{V1}campaignExecutions/", {"campaign": campaign}).json()["results"]
    told = {row["customer_ref"]: (row["status"], row["reason"]) for row in rows}
    assert told == {"t-0": ("SENT", ""), "t-1": ("SKIPPED", "template.variable_missing")}
    assert [mail["Subject"] for mail in post.mails()] == ["Hello Ada"]
    odd = {"email": {"subject": "Hello {{ shoe_size }}", "body": "x"}}
    answer = world.client.post(f"{V1}campaigns/", {**wanted, "name": "Odd", "content": odd})
    assert_refused(answer, 400, answer.json()["code"])


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", ""),
        (b"", ""),
        (b"id\n", ""),
        (b"name,city\nAda,Beirut\n", "id"),
        (b"id,id\n1,2\n", ""),
        (b'{"id": 1}', ""),
        (None, ""),
    ],
)
def test_customers_file__that_is_no_csv__is_refused_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, reason: str
) -> None:
    monkeypatch.setattr(settings, "DWH_ADMIN_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
    path = tmp_path / "customers.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError) as refused:
        call_command("setup_dwh_with_data", customers_file=str(path), id_column="id")
    sentence = str(refused.value)
    assert refused.value.returncode == 2
    assert "\n" not in sentence and "Traceback" not in sentence and reason in sentence
    assert population.CustomersFileInvalid.code in CODES
