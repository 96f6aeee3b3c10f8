"""Two customers turn out to be one: whoever names either means the one who stays, in every domain."""

import os
import signal
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from loyalty.customers import api
from loyalty.customers.models import ConsentChange, ContactPoint, Customer, CustomerEvent, Device
from loyalty.customers.operations import merging
from loyalty.delivery import api as delivery
from loyalty.delivery.models import InboxItem, Send
from loyalty.foundation.approvals import api as approvals
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience import failpoints
from loyalty.journeys.models import Execution
from loyalty.ledger import api as ledger
from loyalty.points import api as points
from loyalty.points.errors import HouseholdsDiffer
from loyalty.segments import api as segments
from tests.campaigns.scene import make_segment
from tests.conftest import ClientWith
from tests.customers.conftest import record
from tests.customers.test_at_once import at_once
from tests.delivery.post import Post, make_customers
from tests.journeys import ground
from tests.journeys.conftest import post
from tests.journeys.kinds.scene import action, call, rows
from tests.points import world as of_points

pytestmark = pytest.mark.django_db
__all__ = ["post"]
GONE, INTO = "XV-00001", "XV-00002"
V1 = "/api/loyalty/v1"


def make_two(actor: Actor, now: datetime) -> tuple[uuid.UUID, uuid.UUID]:
    """Make the one who goes and the one who stays."""
    later = now - timedelta(days=1)
    api.upsert_many(
        [
            record(1, city="Lima", consents=(api.ConsentRecord("email", "marketing", False, later),)),
            record(2, city="", push_token="", consents=(api.ConsentRecord("email", "marketing", True, later),)),
        ],
        source="tests", actor=actor, now=now,
    )  # fmt: skip
    return api.get_customer_by_ref(GONE).id, api.get_customer_by_ref(INTO).id


def merge(gone: uuid.UUID, into: uuid.UUID, actor: Actor, now: datetime, typed: str = GONE) -> api.MergeCertificate:
    """Merge, the reference typed."""
    return api.merge(customer_id=gone, into_id=into, confirmation=typed, reason="one person", actor=actor, now=now)


def add_device(customer: uuid.UUID, ref: str, token: str, now: datetime) -> None:
    """Give a customer a telephone."""
    Device.objects.create(
        customer=Customer.objects.get(public_id=customer), device_ref=ref, platform="fcm", token=token,
        token_digest=token.encode().ljust(32)[:32], seen_at=now,
    )  # fmt: skip


def tell(source_id: str, ref: str, now: datetime, kind: str = "customer.order") -> api.EventsReport:
    """Have an event of a customer come in."""
    told = {"event_id": source_id, "event_type": kind, "customer_ref": ref, "occurred_at": now.isoformat()}
    return api.receive_events(raw=[told], source="shop", now=now)


def test_merge__over_http__the_one_who_stays_keeps_its_name_and_has_what_both_had(
    admin_client: APIClient, actor: Actor, now: datetime
) -> None:
    gone, into = make_two(actor, now)
    api.withdraw_consent(customer_id=gone, channel="sms", purpose="service", source="app", actor=actor, now=now)
    api.grant_consent(customer_id=gone, channel="push", purpose="marketing", source="app", actor=actor, now=now)
    for customer, ref, token in ((gone, "app", "t" * 30), (gone, "tablet", "u" * 30), (into, "app", "v" * 30)):
        add_device(customer, ref, token, now)
    body = {"into": INTO, "confirmation": GONE, "reason": "one person"}
    told = admin_client.post(f"{V1}/customers/{GONE}/merge/", body, format="json")
    assert told.status_code == 200, told.json()
    assert (told.json()["into_id"], told.json()["stores"]["customers.devices"]) == (str(into), 2)
    row = Customer.objects.get(public_id=into)
    assert (row.customer_ref, row.last_name, row.city, row.status) == (INTO, "Smith2", "Lima", "ACTIVE")
    used = ContactPoint.objects.filter(customer=row, is_primary=True).values_list("channel", "address")
    assert dict(used) == {"email": "ann2@example.test", "sms": "+999000000002"}
    assert ContactPoint.objects.filter(customer=row).count() == 4
    assert set(Device.objects.filter(customer=row).values_list("device_ref", flat=True)) == {
        "app", "tablet", f"app.{gone}",
    }  # fmt: skip
    allowed = {(one.channel, one.purpose): one.is_granted for one in api.list_consents(into)}
    # What either forbade is forbidden; what only one was asked stands.
    assert not allowed["email", "marketing"] and not allowed["sms", "service"] and allowed["push", "marketing"]
    assert ConsentChange.objects.filter(customer=row, source="merge").count() == 3
    # Both names lead to the one who stays, and the one who is gone is in no list.
    for name in (GONE, str(gone)):
        assert admin_client.get(f"{V1}/customers/{name}/").json()["id"] == str(into)
    assert [one["id"] for one in admin_client.get(f"{V1}/customers/?search={GONE}").json()["results"]] == [str(into)]
    assert len(admin_client.get(f"{V1}/customers/").json()["results"]) == 1
    assert (api.find_many([GONE])[GONE].id, api.count_customers()) == (into, 1)
    entry = AuditEntry.objects.get(act="customers.merge")
    assert (entry.subject_ref, entry.reason, entry.after["into_id"]) == (str(gone), "one person", str(into))
    again = admin_client.post(f"{V1}/customers/{gone}/merge/", body, format="json")
    assert (again.status_code, again.json()["stores"]) == (200, {})
    assert AuditEntry.objects.filter(act="customers.merge").count() == 1


def test_merge__points_tiers_and_households__go_by_the_ledgers_own_verb(actor: Actor, now: datetime) -> None:
    world = of_points.make_world(now)
    gone, into = world.member(GONE), world.member(INTO)
    other = of_points.make_world(now)
    other.enroll([gone.customer_id])
    alone = points.find_member(customer_id=gone.customer_id, program_id=other.program_id)
    assert alone is not None
    world.earn(gone, points=70, wallet="main")
    world.earn(into, points=30, wallet="main")
    other.earn(alone, points=5, wallet="main")
    ref = points.MemberRef(customer_id=gone.customer_id)
    pool = points.create_pool(name="Home", program_id=world.program_id, owner=ref, actor=actor, now=now)
    told = merge(gone.customer_id, into.customer_id, actor, now)
    assert (told.stores["points.accounts"], told.stores["points.memberships"]) == (2, 2)
    for program, balance in ((world.program_id, 100), (other.program_id, 5)):
        found = points.find_member(customer_id=into.customer_id, program_id=program)
        assert found is not None and found.points_posted == balance
    assert list(pool.members.filter(left_at=None).values_list("customer_public_id", "role")) == [
        (into.customer_id, "owner")
    ]
    # Whoever names the one who is gone earns for the one who stays, who chose to earn into the household.
    named = points.MemberRef(customer_ref=GONE, program_id=world.program_id)
    world.earn(into, points=10, wallet="main", member=named)
    view = ledger.find_account(owner_ref=pool.public_id, program_ref=world.program_id, kind=ledger.AccountKind.POOL)
    assert view is not None and view.points_posted == 10
    of_points.assert_ledger_holds(now)


def test_merge__two_households_of_one_program__is_refused_and_nothing_moves(actor: Actor, now: datetime) -> None:
    world = of_points.make_world(now)
    gone, into = world.member(GONE), world.member(INTO)
    for one in (gone, into):
        ref = points.MemberRef(customer_id=one.customer_id)
        points.create_pool(name="Home", program_id=world.program_id, owner=ref, actor=actor, now=now)
    with pytest.raises(HouseholdsDiffer):
        merge(gone.customer_id, into.customer_id, actor, now)
    assert Customer.objects.filter(merged_into=None).count() == 2


def test_merge__messages_lists_and_journeys__come_along_once(post: Post, actor: Actor, now: datetime) -> None:
    gone, into = make_customers(["Ada", "Bob"], now)
    in_list = make_segment(now, [gone])
    loaded = ground.make_journey(now, ground.graph_of({"w": ground.wait()}, ["start w", "w end"]))
    ground.let_in(loaded, [gone, into], now)
    words = {"subject": "Hi", "body": "<p>Good day.</p>"}
    action("send_email").perform_set(call("send_email", **words), rows([gone, into]), now=now)
    InboxItem.objects.create(customer_id=ground.internal_id(gone), title="T", body="B", expires_at=now)
    told = merge(gone, into, actor, now, api.get_customer(gone).customer_ref)
    assert (told.stores["segments.taken"], told.stores["delivery.inbox"]) == (1, 1)
    assert segments.is_member(segment_id=in_list, customer_id=into)
    assert not segments.is_member(segment_id=in_list, customer_id=gone)
    # Both were inside and both were to be written to: one goes on, and one mail goes out.
    assert sorted(Execution.objects.values_list("customer_id", "state")) == [
        (ground.internal_id(gone), "CANCELLED"), (ground.internal_id(into), "WAITING"),
    ]  # fmt: skip
    while delivery.send_due(channel="email", now=now).claimed:
        pass
    assert len(post.mails()) == 1
    assert sorted(Send.objects.values_list("state", "reason")) == [("SENT", ""), ("SKIPPED", "customer_merged")]


def test_events__of_both__are_the_history_of_the_one_who_stays(actor: Actor, now: datetime) -> None:
    gone, into = make_two(actor, now)
    assert tell("1", GONE, now).accepted == 1
    events.store_facts()
    assert tell("2", GONE, now).accepted == 1
    merge(gone, into, actor, now)
    # The sender goes on naming whom it knows.
    assert tell("3", GONE, now).accepted == 1
    assert tell("1", GONE, now).duplicates == 1
    events.store_facts()
    facts = sql.fetch_all(
        "SELECT DISTINCT key, subject_ref FROM events_stored WHERE type = 'customer.order' ORDER BY 1, 2"
    )
    assert {row["key"] for row in facts} == {str(into)}
    # About whom it was said when it happened stays told.
    assert {row["subject_ref"] for row in facts} == {str(gone), str(into)}
    assert CustomerEvent.objects.filter(customer__public_id=into).count() == 3


def test_import__of_the_one_who_is_gone__brings_nobody_back(actor: Actor, now: datetime) -> None:
    gone, into = make_two(actor, now)
    merge(gone, into, actor, now)
    told = api.upsert_many([record(1), record(3)], source="tests", actor=actor, now=now + timedelta(days=1))
    assert (told.created, told.updated) == (1, 0)
    assert Customer.objects.get(customer_ref=GONE).status == "CLOSED"


def test_erasure__of_the_one_who_stays__takes_the_names_of_both(actor: Actor, now: datetime) -> None:
    gone, into = make_two(actor, now)
    merge(gone, into, actor, now)
    told = api.erase(customer_id=gone, confirmation=INTO, reason="asked", actor=actor, now=now)
    assert told.customer_id == into
    assert not Customer.objects.filter(customer_ref__in=(GONE, INTO)).exists()
    found = sql.fetch_one("SELECT count(*) AS facts FROM events_outbox WHERE data::text ~ %s", [f"{GONE}|{INTO}"])
    assert found == {"facts": 0}
    assert api.upsert_many([record(1), record(2)], source="tests", actor=actor, now=now).created == 0


def test_merge__chains_and_twice__end_at_one_who_stays(actor: Actor, now: datetime) -> None:
    gone, into = make_two(actor, now)
    api.upsert_many([record(3)], source="tests", actor=actor, now=now)
    last = api.get_customer_by_ref("XV-00003").id
    merge(gone, into, actor, now)
    merge(into, last, actor, now, INTO)
    assert (api.get_customer(gone).id, api.get_customer_by_ref(INTO).id) == (last, last)
    assert merge(gone, into, actor, now).stores == {}
    with pytest.raises(api.MergeWithItself):
        merge(last, gone, actor, now, "XV-00003")


REFUSALS: list[tuple[dict[str, str], int, str]] = [
    ({"confirmation": "XV-00009"}, 400, "customer.merge_unconfirmed"),
    ({"into": GONE}, 400, "customer.merge_with_itself"),
    ({"into": "nobody"}, 404, "customer.not_found"),
    ({"into": "XV-00003"}, 409, "customer.merge_of_erased"),
]


@pytest.mark.parametrize(("change", "status", "code"), REFUSALS)
def test_merge__that_is_not_to_be_done__is_refused_by_its_code(
    change: dict[str, str], status: int, code: str, admin_client: APIClient, actor: Actor, now: datetime
) -> None:
    make_two(actor, now)
    api.upsert_many([record(3)], source="tests", actor=actor, now=now)
    erased = api.get_customer_by_ref("XV-00003").id
    api.erase(customer_id=erased, confirmation="XV-00003", reason="", actor=actor, now=now)
    if change.get("into") == "XV-00003":
        change = {"into": str(erased)}
    body = {"into": INTO, "confirmation": GONE, "reason": "x", **change}
    told = admin_client.post(f"{V1}/customers/{GONE}/merge/", body, format="json")
    assert (told.status_code, told.json()["code"]) == (status, code)
    assert Customer.objects.filter(merged_into=None).count() == 3


def test_merge__into_another_one_than_before__is_refused(actor: Actor, now: datetime) -> None:
    gone, into = make_two(actor, now)
    api.upsert_many([record(3)], source="tests", actor=actor, now=now)
    merge(gone, into, actor, now)
    with pytest.raises(api.MergedAlready):
        merge(gone, api.get_customer_by_ref("XV-00003").id, actor, now)


def test_merge__without_the_permission__is_refused(client_with: ClientWith, actor: Actor, now: datetime) -> None:
    make_two(actor, now)
    body = {"into": INTO, "confirmation": GONE, "reason": "x"}
    other = client_with("customers.view", "customers.change", "customers.erase")
    assert other.post(f"{V1}/customers/{GONE}/merge/", body, format="json").status_code == 403


def test_merge__a_workflow_has_it_wait__is_made_when_it_is_granted(actor: Actor, now: datetime) -> None:
    gone, into = make_two(actor, now)
    subject = {"customer_id": str(gone), "into_id": str(into), "reason": "one person"}
    assert merging.is_still_valid(subject, now=now)
    assert merging.apply(subject, actor=actor, now=now) == {"customer_id": str(gone), "into_id": str(into)}
    assert not merging.is_still_valid(subject, now=now)
    assert approvals.is_demanded(merging.KIND) is False


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(4))
def test_merge__beside_events_and_other_merges__loses_nothing_and_nobody_dead_locks(
    turn: int, actor: Actor, now: datetime
) -> None:
    gone, into = make_two(actor, now)
    api.upsert_many([record(3)], source="tests", actor=actor, now=now)
    third = api.get_customer_by_ref("XV-00003").id

    def attempt(act: Callable[[], Any]) -> Callable[[], str]:
        def tried() -> str:
            try:
                act()
            except (api.MergedAlready, api.MergeWithItself):
                return "refused"
            return "done"

        return tried

    calls: list[Callable[[], str]] = [
        attempt(lambda: merge(gone, into, actor, now)),
        attempt(lambda: merge(into, gone, actor, now, INTO)),
        attempt(lambda: merge(gone, third, actor, now)),
    ]
    calls += [attempt(lambda n=n: tell(f"e{n}", GONE if n % 2 else INTO, now)) for n in range(40)]  # type: ignore[misc]
    # The merges among the events, in another order each time.
    merges = calls[turn % 3 : 3] + calls[: turn % 3]
    answers = at_once([*calls[3 : 3 + turn], *merges, *calls[3 + turn :]])
    assert answers.count("refused") <= 2
    # What had found its customer before the merge is taken over when the merge is heard of.
    for one in Customer.objects.exclude(merged_into=None):
        api.settle_merge(customer_id=one.public_id, actor=actor, now=now)
    events.store_facts()
    standing = {str(one.public_id) for one in Customer.objects.filter(merged_into=None)}
    keys = {row["key"] for row in sql.fetch_all("SELECT key FROM events_stored WHERE type = 'customer.order'")}
    assert keys <= standing and CustomerEvent.objects.count() == 40
    assert not CustomerEvent.objects.exclude(customer__merged_into=None).exists()
    assert Customer.objects.exclude(merged_into=None).count() >= 1


KILLED_AT = ("customers.merged_own", "customers.merged_part:1", "customers.merged_part:3", "customers.merged")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", KILLED_AT)
def test_merge__killed_on_the_way__nothing_was_and_again_all_is(point: str, actor: Actor, now: datetime) -> None:
    world = of_points.make_world(now)
    gone, into = world.member(GONE), world.member(INTO)
    world.earn(gone, points=70, wallet="main")
    connection.close()
    child = os.fork()
    if child == 0:
        failpoints.arm(failpoints.read(point, ""))
        merge(gone.customer_id, into.customer_id, actor, now)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert Customer.objects.filter(merged_into=None).count() == 2
    before = points.find_member(customer_id=gone.customer_id, program_id=world.program_id)
    assert before is not None and before.points_posted == 70
    merge(gone.customer_id, into.customer_id, actor, now)
    after = points.find_member(customer_id=into.customer_id, program_id=world.program_id)
    assert after is not None and after.points_posted == 70
    of_points.assert_ledger_holds(now)
