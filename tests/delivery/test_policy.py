"""The contact policy: its order, caps and quiet hours from every side, and the same in Python and in SQL."""

import itertools
import uuid
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.customers.models import ContactPoint, Customer
from loyalty.delivery import api
from loyalty.delivery.models import Send, Suppression
from loyalty.delivery.policy.contact import ContactFacts, exclusion_of, is_held_out, quiet_until
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.orm import sql
from tests.delivery.post import EVERYONE, Post, left_out, make_customers, open_message, queue_all, states
from tests.delivery.smsc import Smsc

ACTOR = system_actor("tests")
NIGHT = api.QuietHours(starts=time(21), ends=time(9))
ZONES = ("UTC", "Asia/Beirut", "America/New_York", "Asia/Kathmandu", "Pacific/Apia")


def put(now: datetime, **changes: object) -> None:
    """Put a policy in force."""
    wanted: dict[str, object] = {"caps": [], "quiet_hours": [], "holdout_percent": 0, "time_zone": "UTC", **changes}
    api.save_policy(**wanted, actor=ACTOR, now=now)  # type: ignore[arg-type]


def reasons() -> set[str]:
    """Give why customers were left out."""
    return set(Send.objects.values_list("reason", flat=True))


@pytest.mark.django_db
def test_refusal__every_combination__is_the_same_in_python_and_in_sql() -> None:
    for flags in itertools.product([False, True], repeat=6):
        facts = ContactFacts(*flags)
        row = sql.fetch_one(
            "SELECT delivery_refusal(%s, %s, %s, %s, %s, %s) AS reason",
            [
                *(facts.is_forbidden, facts.is_consented, facts.is_suppressed, facts.is_held_out, facts.is_capped),
                "x@y.test" if facts.has_address else "",
            ],
        )
        assert row == {"reason": exclusion_of(facts)}


@pytest.mark.django_db
def test_holdout__any_customer__is_the_same_in_python_and_in_sql_and_about_the_share() -> None:
    customers = [uuid.uuid5(uuid.NAMESPACE_OID, str(number)) for number in range(2_000)]
    held = [customer for customer in customers if is_held_out(customer, "salt", 10)]
    rows = sql.fetch_all("SELECT c FROM unnest(%s::uuid[]) AS c WHERE delivery_is_held_out(c, 'salt', 10)", [customers])
    assert [row["c"] for row in rows] == held
    assert 140 <= len(held) <= 260


@pytest.mark.django_db
@given(
    minutes=st.integers(0, 2 * 365 * 24 * 60),
    zone=st.sampled_from(ZONES),
    starts=st.times(),
    ends=st.times(),
    channel=st.sampled_from(["", "email", "sms"]),
)
def test_quiet__any_instant_and_zone__is_the_same_in_python_and_in_sql(
    minutes: int, zone: str, starts: time, ends: time, channel: str
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    starts, ends = starts.replace(second=0, microsecond=0), ends.replace(second=0, microsecond=0)
    quiet = [api.QuietHours(starts, ends, channel, "")]
    told = f'[{{"channel": "{channel}", "purpose": "", "starts": "{starts:%H:%M}", "ends": "{ends:%H:%M}"}}]'
    row = sql.fetch_one(
        "SELECT delivery_quiet_until(%s, %s, 'email', 'marketing', %s::jsonb) AS until", [now, zone, told]
    )
    expected = quiet_until(now, zone, "email", "marketing", quiet)
    assert row is not None
    assert (row["until"] is None) == (expected is None)
    if expected is not None:
        # In the hour that spring skips, each clock library names another instant; a quarter of an hour is all we ask.
        assert abs(row["until"] - expected.astimezone(UTC)) <= timedelta(hours=1)
        assert row["until"] > now - timedelta(hours=1)


@pytest.mark.django_db
def test_order__legal_before_consent_before_suppression_before_address(now: datetime) -> None:
    make_customers(["Ada", "Bob", "Cid", "Dan"], now)
    make_customers(["Eve"], now, is_consented=False, prefix="n")
    make_customers(["Fay"], now, has_address=False, prefix="a")
    for address, reason in (("c0@mail.test", "legal"), ("c1@mail.test", "complained"), ("n0@mail.test", "manual")):
        api.suppress(channel="email", address=address, reason=reason, until=None, origin="", actor=ACTOR, now=now)
    past = now - timedelta(days=1)
    api.suppress(channel="email", address="c2@mail.test", reason="manual", until=past, origin="", actor=ACTOR, now=now)
    counted = api.count_audience(audience=EVERYONE, channel="email", purpose="marketing", now=now)
    queue_all(now)
    expected = left_out(forbidden=1, no_consent=1, suppressed=1, no_address=1)
    assert (dict(counted.excluded), counted.sendable) == (expected, 2)
    assert states() == {"SKIPPED": 4, "QUEUED": 2}
    assert reasons() == {"", "forbidden", "no_consent", "suppressed", "no_address"}


@pytest.mark.django_db
def test_bounce__hard__suppresses_the_address_for_the_next_message(post: Post, now: datetime) -> None:
    make_customers(["Ada"], now)
    queue_all(now)
    post.fail("RCPT 550 no such user")
    api.send_due(channel="email", now=now)
    post.work()
    suppressed = Suppression.objects.get()
    assert (suppressed.address, suppressed.reason) == ("c0@mail.test", "bounced")
    queue_all(now, occurrence="o-2")
    assert Send.objects.latest("id").reason == "suppressed"
    api.lift(suppression_id=suppressed.public_id, actor=ACTOR, now=now)
    queue_all(now, occurrence="o-3")
    assert Send.objects.latest("id").state == "QUEUED"


@pytest.mark.django_db
def test_bounce__of_an_address_whose_suppression_is_over__suppresses_it_anew(post: Post, now: datetime) -> None:
    make_customers(["Ada"], now)
    past = now - timedelta(days=1)
    api.suppress(channel="email", address="C0@mail.test", reason="manual", until=past, origin="", actor=ACTOR, now=now)
    queue_all(now)
    post.fail("RCPT 550 no such user")
    api.send_due(channel="email", now=now)
    row = Suppression.objects.get()
    assert (row.address, row.reason, row.until) == ("C0@mail.test", "bounced", None)


@pytest.mark.django_db
def test_bounce__of_two_customers_with_one_address__suppresses_it_once(post: Post, now: datetime) -> None:
    make_customers(["Ada", "Bob"], now)
    ContactPoint.objects.filter(address="c1@mail.test").update(address="C0@mail.test")
    queue_all(now)
    post.fail("RCPT 550 no such user")
    assert api.send_due(channel="email", now=now).claimed == 2
    assert Suppression.objects.count() == 1
    assert states() == {"BOUNCED": 2}


@pytest.mark.django_db
def test_cap__reached__leaves_marketing_out_and_lets_service_through(post: Post, now: datetime) -> None:
    put(now, caps=[api.ContactCap(sends_max=2, hours=24)])
    make_customers(["Ada"], now)
    for number in range(2):
        queue_all(now, occurrence=f"o-{number}")
    assert api.send_due(channel="email", now=now).sent == 2
    queue_all(now, occurrence="o-3")
    assert Send.objects.latest("id").reason == "capped"
    queue_all(now, occurrence="o-4", purpose="service")
    assert api.send_due(channel="email", now=now).sent == 1
    tomorrow = now + timedelta(hours=25)
    queue_all(tomorrow, occurrence="o-5")
    assert api.send_due(channel="email", now=tomorrow).sent == 1


@pytest.mark.django_db
def test_cap__room_for_one__goes_to_the_most_valuable_and_not_to_the_first(post: Post, now: datetime) -> None:
    put(now, caps=[api.ContactCap(sends_max=1, hours=24)])
    make_customers(["Ada"], now)
    queue_all(now, occurrence="first", priority=7)
    queue_all(now, occurrence="best", priority=2)
    queue_all(now, occurrence="middle", priority=5)
    report = api.send_due(channel="email", now=now)
    assert (report.sent, report.held) == (1, 2)
    sent = Send.objects.get(state="SENT")
    assert sent.message.occurrence_key == "best"
    held = Send.objects.filter(state="QUEUED").values_list("reason", "detail")
    assert set(held) == {(api.Hold.OUTRANKED, "best")}
    later = now + timedelta(minutes=6)
    assert api.send_due(channel="email", now=later).skipped == 2
    assert set(Send.objects.filter(state="SKIPPED").values_list("reason", flat=True)) == {"capped"}
    assert set(Send.objects.filter(state="SKIPPED").values_list("detail", flat=True)) == {"best"}
    assert len(post.mails()) == 1


@pytest.mark.django_db
def test_outranked__by_one_that_the_cap_counts__and_names_it(post: Post, smsc: Smsc, now: datetime) -> None:
    put(now, caps=[api.ContactCap(sends_max=1, hours=24, channel="sms")])
    (ada,) = make_customers(["Ada"], now)
    Customer.objects.get(public_id=ada).contact_points.create(channel="sms", address="+9613000001")
    queue_all(now, occurrence="a mail", priority=1, purpose="service")
    for occurrence, priority in (("a text", 7), ("a better text", 3)):
        queue_all(
            now, occurrence=occurrence, priority=priority, channel="sms", content={"body": "Hello"}, purpose="service"
        )
    put(now, caps=[api.ContactCap(sends_max=1, hours=24, channel="sms", purpose="")])
    api.send_due(channel="sms", now=now)
    held = Send.objects.get(reason=api.Hold.OUTRANKED)
    assert (held.message.occurrence_key, held.detail) == ("a text", "a better text")
    assert not Send.objects.filter(channel="email").exclude(reason="").exists()


COUNTS = """
    CREATE SEQUENCE tests_asked;
    CREATE OR REPLACE FUNCTION delivery_capped(
        p_customer bigint, p_channel text, p_purpose text, p_now timestamptz, p_caps jsonb, p_priority smallint,
        p_send bigint)
    RETURNS text LANGUAGE sql STABLE AS $$ SELECT CASE WHEN nextval('tests_asked') < 0 THEN 'full' END $$
"""


@pytest.mark.django_db
def test_cap__of_a_window__is_counted_once_for_each_send(post: Post, now: datetime) -> None:
    put(now, caps=[api.ContactCap(sends_max=5, hours=24)])
    make_customers(["Ada", "Bob", "Cid"], now)
    queue_all(now)
    sql.execute(COUNTS)
    api.send_due(channel="email", now=now)
    assert len(post.mails()) == 3
    assert sql.fetch_one("SELECT last_value FROM tests_asked") == {"last_value": 3}


@pytest.mark.django_db
@pytest.mark.parametrize("order", [("a", "b", "c"), ("c", "a", "b"), ("b", "c", "a")])
def test_cap__equal_values__goes_to_the_oldest_whoever_is_asked_first(
    post: Post, now: datetime, order: tuple[str, ...]
) -> None:
    put(now, caps=[api.ContactCap(sends_max=1, hours=24)])
    make_customers(["Ada"], now)
    for occurrence in "abc":
        queue_all(now, occurrence=occurrence, priority=5)
    # Whoever comes first to a worker: each message by itself, in some order.
    for occurrence in order:
        Send.objects.exclude(message__occurrence_key=occurrence).filter(state="QUEUED").update(
            due_at=now + timedelta(minutes=1)
        )
        Send.objects.filter(message__occurrence_key=occurrence, state="QUEUED").update(due_at=now)
        api.send_due(channel="email", now=now)
    for minutes in (6, 12):
        api.send_due(channel="email", now=now + timedelta(minutes=minutes))
    sent = Send.objects.get(state="SENT")
    assert (sent.message.occurrence_key, len(post.mails())) == ("a", 1)
    assert set(Send.objects.exclude(pk=sent.pk).values_list("state", "reason")) == {("SKIPPED", "capped")}


@pytest.mark.django_db
def test_quiet__night_at_the_customers__waits_for_their_morning(post: Post, now: datetime) -> None:
    put(now, quiet_hours=[NIGHT], time_zone="UTC")
    make_customers(["Ada", "Bob"], now)
    Customer.objects.filter(first_name="Ada").update(time_zone="Pacific/Auckland")
    Customer.objects.filter(first_name="Bob").update(time_zone="")
    noon = now.replace(hour=12, minute=0)
    queue_all(noon)
    morning = datetime(noon.year, noon.month, noon.day + 1, 9, tzinfo=ZoneInfo("Pacific/Auckland"))
    assert set(Send.objects.values_list("due_at", "reason")) == {
        (noon, ""),
        (morning.astimezone(UTC), api.Hold.QUIET_HOURS),
    }
    assert api.send_due(channel="email", now=noon).sent == 1
    assert api.send_due(channel="email", now=morning.astimezone(UTC)).sent == 1


@pytest.mark.django_db
def test_quiet__fell_while_it_waited__is_held_and_no_attempt_is_counted(post: Post, now: datetime) -> None:
    put(now, quiet_hours=[NIGHT])
    make_customers(["Ada"], now)
    evening, night = now.replace(hour=20, minute=59), now.replace(hour=23, minute=0)
    queue_all(evening)
    report = api.send_due(channel="email", now=night)
    row = Send.objects.get()
    assert (report.held, report.sent, row.state, row.attempts) == (1, 0, "QUEUED", 0)
    assert row.reason == api.Hold.QUIET_HOURS
    assert row.due_at == (night + timedelta(days=1)).replace(hour=9)


@pytest.mark.django_db
def test_valid_until__over__is_not_sent_any_more(post: Post, now: datetime) -> None:
    make_customers(["Ada"], now)
    message = open_message(now, valid_until=now + timedelta(hours=1))
    api.enqueue_chunk(message_id=message.id, audience=EVERYONE, now=now)
    assert api.send_due(channel="email", now=now + timedelta(hours=2)).skipped == 1
    assert reasons() == {"expired"}


@pytest.mark.django_db
def test_holdout__percent_of_all__gets_no_marketing(now: datetime) -> None:
    put(now, holdout_percent=50)
    make_customers([f"N{number}" for number in range(60)], now)
    first = queue_all(now).excluded["holdout"]
    second = queue_all(now, occurrence="o-2").excluded["holdout"]
    assert 10 <= first == second <= 50
    assert queue_all(now, occurrence="o-3", purpose="service").excluded["holdout"] == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"caps": [api.ContactCap(0, 24)]}, "caps.0.sends_max"),
        ({"caps": [api.ContactCap(1, 0)]}, "caps.0.hours"),
        ({"caps": [api.ContactCap(1, 24, "pigeon")]}, "caps.0.channel"),
        ({"quiet_hours": [api.QuietHours(time(9), time(9))]}, "quiet_hours.0.ends"),
        ({"holdout_percent": 51}, "holdout_percent"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
    ],
)
def test_policy__wrong__is_refused_with_the_place(now: datetime, changes: dict[str, object], field: str) -> None:
    with pytest.raises(api.ContactPolicyInvalid) as refusal:
        put(now, **changes)
    assert [problem.field for problem in refusal.value.problems] == [field]
    assert api.get_policy().version == 1


@pytest.mark.django_db
def test_policy__saved__tells_before_and_after_in_the_audit(now: datetime) -> None:
    put(now, quiet_hours=[NIGHT])
    entry = AuditEntry.objects.get(subject_kind="contact_policy")
    assert entry.before["quiet_hours"] == []
    assert entry.after["quiet_hours"][0]["starts"] == "21:00"
