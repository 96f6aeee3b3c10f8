"""What the BSS tells of single customers as it happens: profile, status and consent; once, and never backwards."""

import itertools
import json
import random
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.customers import api, policy
from loyalty.customers.contracts import Mark, ProfileNews
from loyalty.customers.models import Consent, ConsentChange, ContactPoint, Customer, CustomerEvent, Device, ProfileMark
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.exchange import api as exchange
from loyalty.foundation.exchange.contracts import IntakeReport
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import public_id_of_ref
from loyalty.foundation.orm import sql
from tests.conftest import ClientWith
from tests.customers.conftest import Load, record

EVENTS = "/api/loyalty/v1/events/"
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
numbers = itertools.count(1)

FULL = {
    "first_name": "Lina",
    "last_name": "Haddad",
    "status": "active",
    "language": "ar",
    "time_zone": "Asia/Beirut",
    "city": "Beirut",
    "gender": "female",
    "birth_date": "1990-05-17",
    "customer_since": "2019-01-01",
    "email": "lina@example.test",
    "phone": "+96170123456",
    "push_token": "t-1",
}


def told(kind: str, data: Mapping[str, Any], ref: str = "B-1", *, minute: float = 0, **more: Any) -> dict[str, Any]:
    """Make an event of the BSS, some minutes after the beginning."""
    at = (T0 + timedelta(minutes=minute)).isoformat()
    event = {"specversion": "1.0", "id": f"e-{next(numbers)}", "source": "bss", "type": f"bss.{kind}"}
    return {**event, "subject": ref, "time": at, "data": dict(data), **more}


def take(*events: Mapping[str, Any], now: datetime = T0 + timedelta(days=1)) -> IntakeReport:
    """Take events in as from a topic."""
    return exchange.take_in(raw=list(events), source="crm", actor=Actor("system", "tests", "tests"), now=now)


def address_of(channel: str) -> str | None:
    """Give the address that is used."""
    found = ContactPoint.objects.filter(channel=channel, is_primary=True).first()
    return found.address if found else None


def state(beginning: str) -> list[Any]:
    """Give all that is known of the customers whose reference begins so, without that beginning."""
    scalar = [name for name in policy.READERS if name not in ("email", "phone", "push_token")]
    mine = {"customer__customer_ref__startswith": beginning}
    people = Customer.objects.filter(customer_ref__startswith=beginning).order_by("customer_ref")
    ways = ContactPoint.objects.filter(is_primary=True, **mine).order_by("customer__customer_ref", "channel")
    answers = Consent.objects.filter(**mine).order_by("customer__customer_ref", "channel", "purpose")
    rows = [
        *people.values_list("customer_ref", *scalar),
        *ways.values_list("customer__customer_ref", "channel", "address"),
        *answers.values_list("customer__customer_ref", "channel", "purpose", "is_granted", "changed_at"),
    ]
    return [(row[0].removeprefix(beginning), *row[1:]) for row in rows]


def list_facts() -> list[str]:
    """Give the types of the facts in the order in which they were written."""
    return [str(row["type"]) for row in sql.fetch_all("SELECT type FROM events_outbox ORDER BY id")]


@pytest.mark.django_db
def test_created__whom_nobody_knew__is_a_customer_with_addresses_and_answers() -> None:
    consents = [{"channel": "phone", "purpose": "marketing", "is_granted": True, "changed_at": T0.isoformat()}]
    assert take(told("customer_created", {**FULL, "consents": consents})) == IntakeReport(accepted=1)
    made = Customer.objects.get()
    assert (made.public_id, made.first_name, made.language, made.birth_date, made.source) == (
        *(public_id_of_ref("B-1"), "Lina", "ar", date(1990, 5, 17), "bss"),
    )
    assert [address_of(one) for one in ("email", "sms", "push")] == ["lina@example.test", "+96170123456", "t-1"]
    answer = Consent.objects.get()
    assert (answer.channel, answer.is_granted, answer.changed_at) == ("sms", True, T0)
    assert list_facts() == ["customer.created"]
    audited = AuditEntry.objects.get(act="customers.import")
    assert (audited.subject_ref, audited.after) == ("bss", {"created": 1, "updated": 0, "unchanged": 0})


@pytest.mark.django_db
def test_changed__only_what_it_names__and_null_empties() -> None:
    take(told("customer_created", FULL))
    take(told("customer_changed", {"city": "Tripoli", "email": None, "push_token": "", "birth_date": None}, minute=1))
    changed = Customer.objects.get()
    assert (changed.city, changed.first_name, changed.birth_date) == ("Tripoli", "Lina", None)
    assert [address_of(one) for one in ("email", "sms", "push")] == [None, "+96170123456", None]
    assert Device.objects.get().disabled_reason == "source"
    assert list_facts() == ["customer.created", "customer.updated"]
    assert ContactPoint.objects.get(channel="email").address == "lina@example.test", "known, and not used"


@pytest.mark.django_db
def test_status_and_consent__of_somebody_known__are_taken_and_told() -> None:
    take(told("customer_created", FULL))
    report = take(
        told("customer_status_changed", {"status": "Terminated", "city": "not mine to tell"}, minute=1),
        told("consent_changed", {"channel": "email", "purpose": "marketing", "is_granted": True}, minute=2),
        told("consent_changed", {"channel": "email", "purpose": "marketing", "is_granted": False}, minute=3),
    )
    assert report == IntakeReport(accepted=3)
    assert Customer.objects.values_list("status", "city").get() == ("CLOSED", "Beirut")
    assert Consent.objects.get().is_granted is False
    assert list(ConsentChange.objects.order_by("id").values_list("is_granted", flat=True)) == [True, False]
    assert list_facts() == ["customer.created", "consent.granted", "consent.withdrawn", "customer.updated"]
    assert PublishedEvent.objects.get(type="consent.withdrawn").occurred_at == T0 + timedelta(minutes=3)


@pytest.mark.django_db
def test_status__of_somebody_unknown__is_refused_and_taken_when_known() -> None:
    event = told("customer_status_changed", {"status": "suspended"})
    (refused,) = take(event).refused
    assert refused.code == "customer.not_found"
    assert take(told("customer_created", {"first_name": "Lina"}, minute=-1)).accepted == 1
    assert take(event) == IntakeReport(accepted=1)
    assert Customer.objects.get().status == "SUSPENDED"


@pytest.mark.django_db
def test_event__again__changes_nothing_and_says_nothing() -> None:
    first = told("customer_created", FULL)
    take(first)
    take(told("customer_changed", {"city": "Tripoli"}, minute=1))
    facts = PublishedEvent.objects.count()
    assert take(first, first) == IntakeReport(duplicates=2)
    assert take({**first, "data": {"city": "Sidon"}, "time": T0.replace(hour=20).isoformat()}).duplicates == 1
    assert (Customer.objects.get().city, PublishedEvent.objects.count()) == ("Tripoli", facts)
    assert CustomerEvent.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("is_numbered", [False, True])
def test_older_word__that_comes_later__passes_by_field_by_field(is_numbered: bool) -> None:
    # Where the source numbers its words its clock may lie.
    minutes = (3, 2, 1) if is_numbered else (1, 2, 3)

    def word(number: int, **data: Any) -> dict[str, Any]:
        version = {"version": number} if is_numbered else {}
        return told("customer_changed", {**data, **version}, minute=minutes[number - 1])

    take(word(3, city="Sidon"))
    take(word(2, city="Tripoli", first_name="Lina"))
    report = take(word(1, city="Beirut", first_name="Leena", email="lina@example.test"))
    assert report.accepted == 1
    assert Customer.objects.values_list("city", "first_name").get() == ("Sidon", "Lina")
    assert address_of("email") == "lina@example.test"
    last = CustomerEvent.objects.order_by("-id")[0]
    assert last.data["fields"] == ["email"]


@pytest.mark.django_db
def test_words__of_one_instant__the_one_that_comes_last_counts() -> None:
    take(told("customer_changed", {"city": "Beirut"}), told("customer_changed", {"city": "Sidon"}))
    take(told("customer_changed", {"city": "Tyre"}))
    assert Customer.objects.get().city == "Tyre"


def script(seed: int, beginning: str) -> list[dict[str, Any]]:
    """Make what a BSS says of three customers, each word with an instant of its own."""
    chance = random.Random(seed)
    refs = [f"{beginning}{number}" for number in range(3)]
    words = [told("customer_created", FULL, ref, minute=number) for number, ref in enumerate(refs)]
    for minute in range(3, 40):
        data: dict[str, Any] = {
            name: chance.choice([None, f"0{minute}00"])
            for name in chance.sample(["city", "phone", "last_name", "gender", "push_token"], 2)
        }
        if chance.random() < 0.5:
            data["email"] = chance.choice([None, f"m{minute}@example.test"])
        channel, is_granted = chance.choice(["email", "sms"]), chance.random() < 0.5
        data["consents"] = [{"channel": channel, "purpose": "marketing", "is_granted": is_granted}]
        words.append(told("customer_changed", data, chance.choice(refs), minute=minute))
    return words


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
def test_words__shuffled_doubled_and_cut_into_batches__end_as_in_order(seed: int) -> None:
    take(*script(seed, "A-"))
    chance = random.Random(seed + 100)
    jumbled = script(seed, "Z-") * 2
    chance.shuffle(jumbled)
    while jumbled:
        size = chance.randint(1, 9)
        take(*jumbled[:size])
        jumbled = jumbled[size:]
    assert len(state("A-")) > 9
    assert state("Z-") == state("A-")


words_of_fields = st.lists(
    st.tuples(st.integers(0, 99), st.sampled_from("xyz")), max_size=8, unique_by=lambda one: one[0]
).flatmap(lambda words: st.tuples(st.just(sorted(words)), st.permutations(words)))


# A pause of the machine in the middle of a draw says nothing of the strategy.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(words_of_fields)
def test_take_news__in_any_order__ends_the_same(case: tuple[list[tuple[int, str]], list[tuple[int, str]]]) -> None:
    def end(order: list[tuple[int, str]]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        held: dict[str, Mark] = {}
        for second, name in order:
            mark = Mark(T0 + timedelta(seconds=second), None, "ab"[second % 2])
            policy.take_news(values, held, None, ProfileNews(mark, {name: second}))
        return values

    in_order, in_any = case
    assert end(in_any) == end(in_order)


@pytest.mark.django_db
def test_import__later_than_an_event__counts_and_earlier_one_does_not(load: Load, actor: Actor, now: datetime) -> None:
    ref = record(1).customer_ref

    def word(offset: timedelta, **data: Any) -> None:
        take({**told("customer_changed", data, ref), "time": (now + offset).isoformat()}, now=now)

    load(record(1))
    word(timedelta(seconds=-1), city="Lisbon", phone="+351200000000")
    assert (Customer.objects.get().city, address_of("sms")) == ("Porto", record(1).phone), "older than the import"
    word(timedelta(seconds=60), city="Lisbon", phone="+351200000000")
    assert (Customer.objects.get().city, address_of("sms")) == ("Lisbon", "+351200000000")
    load(record(1, last_name="Jones"))
    known = Customer.objects.get()
    assert (known.city, known.last_name, address_of("sms")) == ("Lisbon", "Jones", "+351200000000")
    api.upsert_many([record(1)], source="tests", actor=actor, now=now + timedelta(seconds=120))
    assert (Customer.objects.get().city, address_of("sms")) == ("Porto", record(1).phone)
    assert not ProfileMark.objects.exists()
    word(timedelta(seconds=90), city="Lisbon")
    assert Customer.objects.get().city == "Porto"


@pytest.mark.django_db
def test_import__that_changed_nothing__still_stands_against_older_words(
    load: Load, actor: Actor, now: datetime
) -> None:
    ref = record(1).customer_ref
    load(record(1))
    take({**told("customer_changed", {"city": "Porto"}, ref), "time": now.isoformat()}, now=now)
    later = now + timedelta(hours=2)
    api.upsert_many([record(1)], source="tests", actor=actor, now=later)
    take({**told("customer_changed", {"city": "Faro"}, ref), "time": (now + timedelta(hours=1)).isoformat()}, now=later)
    assert Customer.objects.get().city == "Porto"


@pytest.mark.django_db
def test_answer__given_to_us_later__stands_against_what_the_bss_tells(load: Load, actor: Actor) -> None:
    def word(minute: int, is_granted: bool) -> None:
        take(told("consent_changed", {"channel": "email", "purpose": "marketing", "is_granted": is_granted},
                  record(1).customer_ref, minute=minute))  # fmt: skip

    load(record(1))
    word(1, False)
    customer_id = public_id_of_ref(record(1).customer_ref)
    # Said again to us: nothing changes, and yet it is the later word.
    api.withdraw_consent(
        customer_id=customer_id, channel="email", purpose="marketing", source="link", actor=actor,
        now=T0 + timedelta(minutes=10),
    )  # fmt: skip
    word(5, True)
    assert Consent.objects.get().is_granted is False
    word(11, True)
    assert Consent.objects.get().is_granted is True


@pytest.mark.django_db
def test_customer__made_known_and_buying_in_one_batch__buys() -> None:
    at = datetime.now(UTC)
    purchase = told("customer_created", {"amount": 5, "currency": "EUR"}, "B-2")
    purchase |= {"type": "customer.purchase", "time": at.isoformat()}
    before = {**purchase, "id": "before", "subject": "B-1"}
    take(told("customer_created", FULL), now=at)
    report = take(before, told("customer_created", FULL, "B-2"), purchase, now=at)
    assert report == IntakeReport(accepted=3)
    assert PublishedEvent.objects.filter(type="customer.purchase").count() == 2


@pytest.mark.django_db
def test_reference__that_looks_like_an_id_of_ours__is_the_customers() -> None:
    ref = str(uuid.uuid4())
    assert take(told("customer_created", FULL, ref)).accepted == 1
    made = Customer.objects.get()
    assert (made.customer_ref, made.public_id) == (ref, public_id_of_ref(ref))
    for subject in (f"customer/{made.public_id}", str(made.public_id), ref):
        assert take(told("customer_changed", {"city": subject[:12]}, subject, minute=1)).accepted == 1
        assert Customer.objects.get().city == subject[:12]
    (refused,) = take(told("customer_created", FULL, f"customer/{uuid.uuid4()}")).refused
    assert refused.code == "customer.not_found"
    at = datetime.now(UTC)
    bought = {**told("customer_changed", {"amount": 5}, ref), "type": "customer.purchase", "time": at.isoformat()}
    assert take(bought, now=at).accepted == 1


BAD: list[tuple[str, dict[str, Any]]] = [
    ("customer_changed", {"status": "happy"}),
    ("customer_changed", {"status": None}),
    ("customer_changed", {"email": "no address"}),
    ("customer_changed", {"email": "a@b\r\nBcc: c@d"}),
    ("customer_changed", {"phone": "call me"}),
    ("customer_changed", {"phone": True}),
    ("customer_changed", {"birth_date": "17.05.1990"}),
    ("customer_changed", {"birth_date": "2990-01-01"}),
    ("customer_changed", {"time_zone": "Mars/Phobos"}),
    ("customer_changed", {"language": "Arabic please"}),
    ("customer_changed", {"first_name": "x" * 101}),
    ("customer_changed", {"first_name": "Li\0na"}),
    ("customer_changed", {"first_name": "Li\ud800na"}),
    ("customer_changed", {"first_name": {"given": "Lina"}}),
    ("customer_changed", {"version": -1}),
    ("customer_changed", {"version": "two"}),
    ("customer_changed", {"version": 2**63}),
    ("customer_changed", {"consents": "all"}),
    ("customer_changed", {"consents": [{"channel": "email", "purpose": "marketing", "is_granted": "yes"}]}),
    ("customer_changed", {"consents": [{"channel": "pigeon", "purpose": "marketing", "is_granted": True}]}),
    ("consent_changed", {"channel": "email", "purpose": ["marketing"], "is_granted": True}),
    ("consent_changed", {"channel": "email", "purpose": "marketing", "is_granted": True, "changed_at": "soon"}),
    ("consent_changed", {}),
    ("customer_status_changed", {"city": "Beirut"}),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "data"), BAD)
def test_profile__that_cannot_be_read__is_refused_alone_and_changes_nothing(kind: str, data: dict[str, Any]) -> None:
    take(told("customer_created", FULL))
    before = state("B-1")
    report = take(told(kind, data, minute=1), told("customer_changed", {"city": "Tripoli"}, "B-2", minute=1))
    assert (report.accepted, [one.code for one in report.refused]) == (1, ["customer.profile_invalid"])
    assert state("B-1") == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"time": "yesterday"}, "event.time_invalid"),
        ({"time": "2026-03-01T12:00:00"}, "event.time_invalid"),
        ({"time": "2036-03-01T12:00:00Z"}, "event.in_the_future"),
        ({"subject": ""}, "event.customer_missing"),
        ({"subject": "x" * 101}, "event.customer_missing"),
        ({"type": "bss.customer_vanished"}, "event.type_invalid"),
    ],
)
def test_event__with_a_bad_frame__is_refused_with_its_reason(changes: dict[str, Any], code: str) -> None:
    (refused,) = take({**told("customer_created", FULL), **changes}).refused
    assert refused.code == code
    assert not Customer.objects.exists()


@pytest.mark.django_db
def test_word__of_any_age__is_taken_because_a_topic_may_begin_years_ago() -> None:
    assert take({**told("customer_created", FULL), "time": "2011-03-01T12:00:00Z"}).accepted == 1


@pytest.mark.django_db
def test_caller__without_the_permission_to_import__tells_nothing_of_customers(client_with: ClientWith) -> None:
    event = told("customer_created", FULL)
    body = client_with("events.receive").post(EVENTS, event).json()
    assert (body["accepted"], body["refused"][0]["code"]) == (0, "event.not_allowed")
    assert not Customer.objects.exists()
    body = client_with("events.receive", "customers.import").post(EVENTS, [event]).json()
    assert (body["accepted"], body["refused"]) == (1, [])
    assert AuditEntry.objects.get(act="customers.import").actor_kind == "token"


MAPPING = {
    "source": "tmf629",
    "name": "change",
    "matches": {"$.eventType": "customerAttributeValueChangeEvent"},
    "type": "bss.customer_changed",
    "id_path": "$.eventId",
    "subject_path": "$.event.customer.id",
    "time_path": "$.eventTime",
    "data_paths": {
        "first_name": "$.event.customer.engagedParty.givenName",
        "phone": "$.event.customer.contactMedium[0].characteristic.phoneNumber",
        "status": "$.event.customer.status",
        "version": "$.event.customer.revision",
    },
}


@pytest.mark.django_db
def test_mapping__of_another_systems_events__changes_the_customer(client_with: ClientWith) -> None:
    client = client_with("events.receive", "customers.import", "exchange.manage")
    assert client.post("/api/loyalty/v1/eventMappings/", MAPPING).status_code == 201

    def foreign(number: int, **more: Any) -> dict[str, Any]:
        characteristic = {"phoneNumber": 96170000000 + number}
        customer = {"id": 77, "revision": str(number), "contactMedium": [{"characteristic": characteristic}], **more}
        frame = {"eventId": f"n-{number}", "eventTime": T0.isoformat(), "eventType": MAPPING["matches"]["$.eventType"]}  # type: ignore[index]
        return {**frame, "event": {"customer": customer}}

    batch = [foreign(2, status="Suspended"), foreign(1, status="Active", engagedParty={"givenName": "Lina"})]
    assert client.post(f"{EVENTS}?source=tmf629", batch).json()["accepted"] == 2
    known = Customer.objects.get()
    assert (known.customer_ref, known.status, known.first_name) == ("77", "SUSPENDED", "Lina")
    assert address_of("sms") == "96170000002"


@pytest.mark.django_db
def test_profile__is_kept_in_no_fact_and_no_event__and_who_was_erased_stays_so(actor: Actor, now: datetime) -> None:
    take(told("customer_created", FULL), now=now)
    kept = json.dumps(
        [*PublishedEvent.objects.values_list("data", flat=True), *CustomerEvent.objects.values_list("data", flat=True)]
    )
    assert not [word for word in ("Lina", "Haddad", "lina@", "7012", "1990", "t-1") if word in kept]
    customer_id = public_id_of_ref("B-1")
    api.erase(customer_id=customer_id, confirmation="B-1", reason="asked", actor=actor, now=now)
    later = told("customer_changed", FULL, minute=5)
    assert take(later, told("customer_created", FULL), now=now) == IntakeReport(accepted=2)
    gone = Customer.objects.get()
    assert (gone.customer_ref, gone.first_name, gone.status) == (str(customer_id), "", "CLOSED")
    assert not ContactPoint.objects.exists()
    assert not ProfileMark.objects.exists()
    assert set(map(str, CustomerEvent.objects.values_list("data", flat=True))) == {"{}"}
