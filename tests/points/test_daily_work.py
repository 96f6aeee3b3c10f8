"""The daily work of a program: expiry, inactivity, warnings; and reconciliations."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel import clock
from loyalty.foundation.work import api as work
from loyalty.foundation.work.models import Run
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.points.events import PointsExpiring
from loyalty.points.models import AccountDiscrepancy, ExpiryWarning, Reconciliation
from loyalty.points.operations import expiring, reconciling
from loyalty.programs import contracts as terms
from tests.points.world import ACTOR, World, assert_ledger_holds, give_tier, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(now: datetime) -> World:
    """A program whose points last ninety days, with two warnings before."""
    rules = terms.ExpiryPlan(kind=terms.ExpiryKind.AGE, days=90, warn_days_before=(30, 7))
    return make_world(now, expiry=rules)


@pytest.fixture
def clock_of_the_world(world: World) -> Iterator[None]:
    """Let the platform's clock stand where the world's does: what expires is still ahead, whenever this runs."""
    with clock.use(clock.FixedClock(world.now)):
        yield


def daily(world: World, at: datetime) -> dict[str, Any]:
    """Do the daily work of the program as at an instant; give what it came to."""
    run = api.start_expiry(program_id=world.program_id, actor=ACTOR, now=at)
    assert work.execute_next(now=at)
    done = Run.objects.get(public_id=run.id)
    assert done.status == "SUCCEEDED", done.error
    result: dict[str, Any] = done.result
    return result


def warnings() -> list[tuple[int, int]]:
    """Give the warnings said: days before, and points."""
    return list(ExpiryWarning.objects.order_by("id").values_list("days_before", "points_amount"))


def test_warnings__two_offsets__are_said_once_each_with_amount_and_date(world: World) -> None:
    member = world.member()
    world.earn(member, points=100)
    world.earn(member, points=20)
    assert daily(world, world.now + timedelta(days=59))["warnings"] == 0
    first = daily(world, world.now + timedelta(days=62))
    assert (first["warnings"], first["points_expiring"]) == (1, 120)
    assert daily(world, world.now + timedelta(days=63))["warnings"] == 0, "said once"
    world.burn(member, 50)
    daily(world, world.now + timedelta(days=85))
    assert warnings() == [(30, 120), (7, 70)]
    facts = PublishedEvent.objects.filter(type="points.expiring").order_by("recorded_at")
    assert [fact.key for fact in facts] == [str(member.customer_id)] * 2
    data = facts[0].data
    assert set(data) == {field.name for field in fields(PointsExpiring)}
    assert (data["points_amount"], data["days_before"], data["wallet"]) == (120, 30, "main")
    expires = ledger.list_lots(member.account_id)[0].expires_at
    assert expires is not None and datetime.fromisoformat(data["expires_at"]) == expires


def test_warnings__several_offsets_at_once__only_the_nearest_is_said(world: World) -> None:
    world.earn(world.member(), points=100)
    daily(world, world.now + timedelta(days=88))
    assert warnings() == [(7, 100)]


def test_warnings__of_a_household__go_to_its_owner(world: World) -> None:
    owner = world.member()
    pool = api.create_pool(
        name="Us",
        program_id=world.program_id,
        owner=api.MemberRef(customer_id=owner.customer_id),
        actor=ACTOR,
        now=world.now,
    )
    posting = ledger.EarnPosting(
        idempotency_scope="tests",
        idempotency_key="k",
        occurred_at=world.now,
        account_id=pool.account_public_id,
        points_amount=5,
        expires_at=world.now + timedelta(days=5),
    )
    ledger.earn(posting, now=world.now)
    daily(world, world.now)
    fact = PublishedEvent.objects.get(type="points.expiring")
    assert (fact.key, fact.data["account_kind"]) == (str(owner.customer_id), "pool")


def test_daily_work__points_that_are_due__expire_chunk_by_chunk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        world.earn(world.member(), points=10)
    result = daily(world, world.now + timedelta(days=91))
    assert (result["lots_expired"], result["points_expired"], result["accounts_touched"]) == (3, 30, 3)
    assert_ledger_holds(world.now + timedelta(days=91))


def test_daily_work__tier_with_a_time_of_its_own__sleeps_longer_or_shorter(now: datetime) -> None:
    expiry = terms.ExpiryPlan(
        kind=terms.ExpiryKind.INACTIVITY, days=60,
        tier_overrides={"GOLD": terms.TierExpiry(days=120), "SILVER": terms.TierExpiry(days=30)},
    )  # fmt: skip
    wallets = (terms.WalletPlan(code="main"), terms.WalletPlan(code="status", kind=terms.WalletKind.STATUS))
    world = make_world(now, expiry=expiry, wallets=wallets)
    members = {code: world.member() for code in ("BRONZE", "SILVER", "GOLD")}
    for code, member in members.items():
        give_tier(member, code, now)
        for wallet in ("main", "status"):
            world.earn(member, points=10, wallet=wallet)

    def left() -> dict[str, int]:
        found = dict.fromkeys(members, 0)
        for code, member in members.items():
            for wallet in ("main", "status"):
                account = ledger.find_account(
                    owner_ref=member.customer_id, program_ref=member.program_id, wallet=wallet
                )
                found[code] += account.points_posted if account else 0
        return found

    for day, expected in ((31, (20, 0, 20)), (61, (0, 0, 20)), (119, (0, 0, 20)), (121, (0, 0, 0))):
        daily(world, now + timedelta(days=day))
        assert tuple(left().values()) == expected, day
    assert_ledger_holds(now + timedelta(days=121))


def test_daily_work__sleeping_accounts__lose_their_points_and_active_ones_do_not(now: datetime) -> None:
    world = make_world(now, expiry=terms.ExpiryPlan(kind=terms.ExpiryKind.INACTIVITY, days=60))
    sleeping, awake = world.member(), world.member()
    world.earn(sleeping, points=10)
    world.earn(awake, points=10)
    later = World(world.program_id, now + timedelta(days=50))
    later.burn(awake, 1)
    assert daily(world, now + timedelta(days=59))["points_expired"] == 0
    assert daily(world, now + timedelta(days=62))["points_expired"] == 10
    assert ledger.get_account(sleeping.account_id).points_posted == 0
    assert ledger.get_account(awake.account_id).points_posted == 9
    assert_ledger_holds(now + timedelta(days=62))


def test_start_daily_work__same_day__is_once_and_the_next_day_again(world: World) -> None:
    assert api.start_daily_work(actor=ACTOR, now=world.now) == 1
    assert api.start_daily_work(actor=ACTOR, now=world.now + timedelta(hours=1)) == 0
    assert work.execute_next(now=world.now)
    # 23:30 UTC is the next day in Berlin.
    assert api.start_daily_work(actor=ACTOR, now=world.now.replace(hour=23, minute=30)) == 1


def test_daily_work__lost_worker__is_taken_over_and_warns_nobody_twice(world: World) -> None:
    world.earn(world.member(), points=100)
    at = world.now + timedelta(days=62)
    daily(world, at)
    run = Run.objects.get(kind=expiring.RUN_KIND)
    Run.objects.filter(pk=run.pk).update(status="RUNNING", lease_until=at - timedelta(minutes=1))
    assert work.execute_next(now=at)
    assert Run.objects.get(pk=run.pk).status == "SUCCEEDED"
    assert warnings() == [(30, 100)]


def reconcile(mode: str, at: datetime) -> Run:
    """Reconcile; give the run."""
    run = api.start_reconciliation(kind=mode, actor=ACTOR, now=at)
    assert work.execute_next(now=at)
    return Run.objects.get(public_id=run.id)


def plant_discrepancy(member: api.MemberFacts) -> None:
    """Have a balance say one point more than its entries and lots."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_balance SET points_posted = points_posted + 1 "
            "WHERE account_id = (SELECT id FROM ledger_account WHERE public_id = %s)",
            [member.account_id],
        )


def test_reconciliation__whole_book__finds_what_was_planted(world: World) -> None:
    good, bad = world.member(), world.member()
    for member in (good, bad):
        world.earn(member, points=10)
    clean = reconcile("whole", world.now)
    assert clean.status == "SUCCEEDED", clean.error
    assert (clean.result["accounts_checked"], clean.result["discrepancies_found"]) == (2, 0)
    assert clean.result["invariants_violated"] == []
    plant_discrepancy(bad)
    found = reconcile("whole", world.now + timedelta(hours=1))
    assert found.result["discrepancies_found"] >= 1
    assert found.result["invariants_violated"]
    kept = AccountDiscrepancy.objects.all()
    assert {one.account_public_id for one in kept} == {bad.account_id}
    assert all(abs(one.expected - one.found) == 1 for one in kept)


def test_reconciliation__incremental__looks_at_what_was_touched(world: World) -> None:
    members = [world.member() for _ in range(3)]
    for member in members:
        world.earn(member, points=10)
    reconcile("whole", world.now + timedelta(hours=1))
    later = World(world.program_id, world.now + timedelta(hours=2))
    later.burn(members[0], 1)
    touched = reconcile("incremental", world.now + timedelta(hours=3))
    assert touched.result["accounts_checked"] == 1
    assert Reconciliation.objects.count() == 2


def test_start_due_reconciliation__by_the_hour__is_whole_once_a_day(now: datetime, world: World) -> None:
    assert api.start_due_reconciliation(actor=ACTOR, now=now) == "whole"
    assert api.start_due_reconciliation(actor=ACTOR, now=now) == "", "one at a time"
    work.execute_next(now=now)
    assert api.start_due_reconciliation(actor=ACTOR, now=now + timedelta(hours=1)) == "incremental"
    work.execute_next(now=now + timedelta(hours=1))
    assert api.start_due_reconciliation(actor=ACTOR, now=now + timedelta(days=1)) == "whole"


V1 = "/api/loyalty/v1"


def test_rest__reconciliations_and_discrepancies__are_told(admin_client: APIClient, world: World) -> None:
    member = world.member()
    world.earn(member, points=10)
    plant_discrepancy(member)
    started = admin_client.post(f"{V1}/services/points/reconcile/", {"mode": "whole"})
    assert started.status_code == 202, started.json()
    again = admin_client.post(f"{V1}/services/points/reconcile/", {"mode": "whole"})
    assert again.status_code == 409
    assert admin_client.post(f"{V1}/services/points/reconcile/", {"mode": "half"}).status_code == 400
    work.execute_next(now=clock.now())
    told = admin_client.get(f"{V1}/services/points/discrepancies/").json()
    assert told["count"] >= 1
    assert told["results"][0]["account_id"] == str(member.account_id)
    assert told["latest"]["mode"] == "whole" and told["latest"]["discrepancies_found"] == told["count"]
    run = Run.objects.get(kind=reconciling.RUN_KIND)
    assert str(run.public_id) == told["latest"]["id"]
    proof = admin_client.get(f"{V1}/services/points/proof/").json()
    assert proof["is_balanced"] is False
    assert any(one["examples"] for one in proof["invariants"] if one["violations"])


def test_rest__liability__rolls_forward_month_by_month(admin_client: APIClient, world: World) -> None:
    member = world.member()
    world.earn(member, points=100)
    world.burn(member, 30)
    query = {"program": str(world.program_id), "from": "2026-10", "until": "2026-12"}
    told = admin_client.get(f"{V1}/services/points/liability/", query).json()
    assert [(one["month"], one["opening"], one["closing"]) for one in told["months"]] == [
        ("2026-10", 0, 0),
        ("2026-11", 0, 70),
        ("2026-12", 70, 70),
    ]
    month = told["months"][1]
    assert (month["issued"], month["redeemed"], month["expired"], month["adjusted"]) == (100, 30, 0, 0)
    assert told["is_reconciled"] is True and month["money"] is None
    for bad in ({"from": "2026-13"}, {"from": "2026-12", "until": "2026-01"}, {"program": ""}):
        assert admin_client.get(f"{V1}/services/points/liability/", {**query, **bad}).status_code == 400


@pytest.mark.usefixtures("clock_of_the_world")
def test_rest__what_expires_in_a_program__is_summed_up_by_month_or_day(admin_client: APIClient, world: World) -> None:
    for _ in range(2):
        world.earn(world.member(), points=10)
    url = f"{V1}/loyaltyPrograms/{world.program_id}/expiring/"
    last = (world.now + timedelta(days=90)).date()
    told = admin_client.get(url).json()
    assert (told["points_expiring"], told["groups"]) == (20, [{"period": last.strftime("%Y-%m"), "points": 20}])
    by_day = admin_client.get(url, {"by": "day", "days": "200"}).json()
    assert by_day["groups"] == [{"period": last.isoformat(), "points": 20}]
    assert admin_client.get(url, {"by": "week"}).status_code == 400
    assert admin_client.get(f"{V1}/loyaltyPrograms/nonsense/expiring/").status_code == 404


def test_rest__daily_work__is_a_run_of_its_program(admin_client: APIClient, world: World) -> None:
    url = f"{V1}/loyaltyPrograms/{world.program_id}/expire/"
    first = admin_client.post(url)
    assert (first.status_code, first.json()["run"]["kind"]) == (202, "points.expire")
    assert admin_client.post(url).status_code == 409
    assert admin_client.post(f"{V1}/loyaltyPrograms/nonsense/expire/").status_code == 404
