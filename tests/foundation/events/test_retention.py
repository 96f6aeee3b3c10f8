"""Months of the event store that are dropped: the old ones alone, and none that somebody still has to read."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import OperationalError, connection

from loyalty.foundation.events import api, registry
from loyalty.foundation.events.models import InboxEntry, StoredEvent
from loyalty.foundation.exchange import api as exchange
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from tests.conftest import ClientWith

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2003, 5, 15, 12, tzinfo=UTC)
# Old months, so that the ones of the other tests are not touched.
MONTHS = ("2002_01", "2002_02", "2002_03")
WRITE = """
    INSERT INTO events_outbox (event_id, type, key, occurred_at, recorded_at, data)
    VALUES (gen_random_uuid(), %s, 'k', %s, %s, '{}')
"""


@pytest.fixture(autouse=True)
def old_months() -> Iterator[None]:
    """Have three old months with a fact each, which the relay has read; take away what is left of them."""
    sql.execute("SELECT events_make_months('2002-01-10')")
    for number in (1, 2, 3):
        at = datetime(2002, number, 10, tzinfo=UTC)
        sql.execute(WRITE, [f"m{number}", at, at])
        api.store_facts()
    while api.relay(now=NOW)[0]:
        pass
    yield
    for name in MONTHS:
        sql.execute(f"DROP TABLE IF EXISTS events_stored_{name}")
    sql.execute("DELETE FROM events_kept")


def kept() -> list[str]:
    return list(StoredEvent.objects.filter(key="k").order_by("position").values_list("type", flat=True))


def kept_since() -> str:
    row = sql.fetch_one("SELECT events_kept_since()::text AS since")
    return str(row["since"]) if row else ""


def test_months__older_than_they_are_kept__go_whole_and_the_store_tells_from_when_it_is_whole() -> None:
    assert api.drop_old_months(now=NOW, kept_months=15) == ["events_stored_2002_01"]
    assert (kept(), kept_since()[:10]) == (["m2", "m3"], "2002-02-01")
    assert api.drop_old_months(now=NOW, kept_months=15) == []
    assert api.drop_old_months(now=NOW, kept_months=13) == ["events_stored_2002_02", "events_stored_2002_03"]
    assert (kept(), kept_since()[:10]) == ([], "2002-04-01")
    # What comes now goes on behind the last position, and is handed on.
    sql.execute(WRITE, ["m4", NOW, datetime.now(UTC)])
    assert api.store_facts() == 4
    assert kept() == ["m4"]


@pytest.mark.parametrize("path", ["events", "endpoint"])
def test_replay__from_before_what_is_kept__says_what_is_missing(
    client_with: ClientWith, actor: Actor, path: str
) -> None:
    client = client_with("events.replay", "exchange.replay")
    body, address = {"handler": registry.subscriptions()[0].name}, "/api/loyalty/v1/events/replay/"
    if path == "endpoint":
        one, _ = exchange.create_endpoint(
            url="http://127.0.0.1:9/", description="", types=[], order=exchange.DeliveryOrder.KEY, actor=actor, now=NOW
        )
        body, address = {}, f"/api/loyalty/v1/webhookEndpoints/{one.public_id}/replay/"

    def missing(since: str) -> object:
        answer = client.post(address, {**body, "since": since})
        assert answer.status_code == 202
        return answer.json()["missing_until"]

    assert missing("2002-01-01T00:00:00Z") is None, "nothing was ever dropped"
    api.drop_old_months(now=NOW, kept_months=14)
    assert missing("2002-01-01T00:00:00Z") == "2002-03-01T00:00:00Z"
    assert missing("2002-02-28T23:59:59Z") == "2002-03-01T00:00:00Z"
    assert missing("2002-03-01T00:00:00Z") is None


def test_months__without_a_limit__are_kept() -> None:
    assert api.drop_old_months(now=NOW, kept_months=0) == []
    assert (kept(), kept_since()) == (["m1", "m2", "m3"], "-infinity")


def test_month__the_relay_has_not_read__stays_with_all_after_it() -> None:
    sql.execute("UPDATE events_relaycursor SET position = 1")
    assert api.drop_old_months(now=NOW, kept_months=13) == ["events_stored_2002_01"]
    assert kept() == ["m2", "m3"]
    while api.relay(now=NOW)[0]:
        pass
    assert len(api.drop_old_months(now=NOW, kept_months=13)) == 2


def test_month__a_reader_of_its_own_cursor_has_not_read__stays_while_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry._Registry, "doorbells", {"slow": lambda: True})
    monkeypatch.setattr(registry._Registry, "readers", {"slow": lambda: 2})
    assert len(api.drop_old_months(now=NOW, kept_months=13)) == 2
    assert kept() == ["m3"]
    monkeypatch.setattr(registry._Registry, "doorbells", {"slow": lambda: False})
    assert len(api.drop_old_months(now=NOW, kept_months=13)) == 1


def test_month__whose_facts_wait_in_an_inbox__goes_and_they_keep_their_own_copy() -> None:
    row = StoredEvent.objects.get(type="m1")
    InboxEntry.objects.create(
        handler="tests.none", event_id=row.event_id, type="m1", key="k", due_at=NOW, envelope={"type": "m1"}
    )
    assert len(api.drop_old_months(now=NOW, kept_months=13)) == 3
    assert InboxEntry.objects.get(event_id=row.event_id).envelope == {"type": "m1"}
    InboxEntry.objects.all().delete()


def test_month__locked_by_a_long_reader__stays_and_goes_with_the_next_ring() -> None:
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as reader:
        reader.execute("SELECT count(*) FROM events_stored")
        with pytest.raises(OperationalError):
            api.drop_old_months(now=NOW, kept_months=13)
        assert kept() == ["m1", "m2", "m3"]
    assert len(api.drop_old_months(now=NOW, kept_months=13)) == 3
