"""Sources that are slow, down, changed or wrong: what stands in, how old it is, and what is never guessed."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from sqlalchemy import Row, Select

from loyalty.customers import api as customers
from loyalty.customers.kinds.xiva import client
from loyalty.customers.kinds.xiva.client import configured_client
from loyalty.customers.kinds.xiva.simulator.server import Simulator
from loyalty.features import api
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events import api as events
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import public_id_of_ref
from loyalty.foundation.work import api as work
from loyalty.warehouse import api as warehouse
from tests.conftest import ClientWith
from tests.features.conftest import IDS, REFS, Owner

V1 = "/api/loyalty/v1"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)


@pytest.fixture
def calm(xiva: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A Xiva whose client waits for nobody between two tries."""
    monkeypatch.setattr(configured_client(), "_sleep", lambda seconds: None)
    yield xiva
    xiva.desk.order({"clear": True})


def test_xiva_down__what_it_said_three_hours_ago_stands_in__and_says_so(calm: Simulator) -> None:
    before = api.get_feature_set(IDS[2], now=NOW)
    assert before.degraded == ()
    calm.desk.order({"fail_next": 50})
    known = api.get_feature_set(IDS[2], now=LATER)
    assert known.values["city"] == before.values["city"]
    (said,) = known.degraded
    assert (said.source, said.code, said.as_of, said.age_seconds) == ("xiva", "bss.unavailable", NOW, 3 * 3600)
    assert said.words.startswith("xiva: values 3 h old (")
    assert api.get_features(IDS[2], now=LATER)["city"] == before.values["city"]


def test_xiva_down__too_long_or_never_asked__unknown_and_not_nought(calm: Simulator) -> None:
    api.get_feature_set(IDS[2], now=NOW)
    calm.desk.order({"fail_next": 50})
    known = api.get_feature_set(IDS[2], now=NOW + timedelta(days=2))
    assert (known.values["total_revenue"], known.degraded[0].age_seconds) == (None, None)
    assert known.degraded[0].words.startswith("xiva: unknown (")
    with pytest.raises(api.FeaturesUnavailable):
        api.get_features(IDS[2], now=NOW + timedelta(days=2))


def test_xiva_slow__a_decision_does_not_wait(calm: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "BRISK", client.Patience(attempts_max=1, total_s=0.3, read_s=0.05))
    configured_client().measure()
    calm.desk.order({"delay_ms": 400})
    known = api.get_feature_set(IDS[2], now=NOW)
    assert known.degraded_codes == ("bss.unavailable",)
    assert known.values["city"] is None


def test_xiva_down__its_breaker__is_seen_and_spares_it(calm: Simulator) -> None:
    configured_client().measure()
    calm.desk.order({"fail_next": 50})
    for _ in range(3):
        api.get_feature_set(IDS[2], now=NOW)
    failed = calm.desk.state()["counts"]["500"]
    assert {one.source: one.state for one in api.list_health(now=NOW)}["xiva"] == "down"
    assert "left alone" in api.get_feature_set(IDS[2], now=NOW).degraded[0].reason
    assert calm.desk.state()["counts"]["500"] == failed == 5


def test_import__while_it_runs__nobody_is_forgotten(calm: Simulator, actor: Actor) -> None:
    assert api.is_bss_asked("customer.updated")
    work.start(
        kind=customers.IMPORT_RUN_KIND,
        subject_kind="customer_source",
        subject_ref="xiva",
        params={},
        actor=actor,
        now=NOW,
    )
    assert not api.is_bss_asked("customer.updated")


def test_xiva__many_customers__asked_together(calm: Simulator) -> None:
    calm.desk.order({"clear": True})
    found = api.list_feature_sets(IDS, now=NOW, data_source="xiva")
    assert all(one.values["city"] for one in found.values())
    # One sign-in at most, and one question for all three.
    counts = calm.desk.state()["counts"]
    assert counts["200"] - counts.get("sign_in", 0) == 1


def test_xiva__that_answers_for_one_at_a_time__is_asked_so(calm: Simulator) -> None:
    calm.desk.order({"no_batch": 1})
    found = api.list_feature_sets(IDS, now=NOW, data_source="xiva")
    assert all(one.values["city"] for one in found.values())
    assert calm.desk.state()["counts"]["404"] == 1
    api.forget_all()
    api.list_feature_sets(IDS, now=NOW, data_source="xiva")
    # It is not asked again whether it can by now.
    assert calm.desk.state()["counts"]["404"] == 1


def test_xiva__breaks_off_in_a_batch__those_are_degraded_and_nobody_made_up(calm: Simulator) -> None:
    configured_client().measure()
    calm.desk.order({"wrong_shape_next": 1})
    found = api.list_feature_sets(IDS, now=NOW, data_source="xiva")
    assert {one.degraded_codes for one in found.values()} == {("bss.answer_invalid",)}
    assert not any(one.is_known for one in found.values())


def test_xiva__values_of_another_type__left_out_and_told(calm: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = {REFS[2]: {"city": 7, "age": "41", "total_revenue": "12.50", "transaction_count": True, "unasked": 1}}
    monkeypatch.setattr("loyalty.customers.api.find_bss_facts_of", lambda refs: customers.BssFacts(odd))
    known = api.get_feature_set(IDS[2], now=NOW)
    assert (known.values["age"], known.values["total_revenue"]) == (41, Decimal("12.50"))
    assert (known.values["city"], known.values["transaction_count"]) == (None, None)
    assert known.degraded_codes == ("features.value_refused",)
    assert "city, transaction_count" in known.degraded[0].reason
    assert "unasked" not in known.values


def test_warehouse__column_dropped__the_rest_is_read_and_the_field_is_unknown(owner: Owner) -> None:
    api.get_features(IDS[0], now=NOW)
    owner.execute("ALTER TABLE customer_features_view DROP COLUMN city")
    api.forget_all()
    known = api.get_feature_set(IDS[0], now=NOW)
    assert (known.values["total_revenue"], known.values.get("city")) == (Decimal("100.00"), None)
    assert known.degraded == ()


def test_warehouse__column_of_another_type__left_out_until_the_catalogue_knows(owner: Owner) -> None:
    api.get_features(IDS[0], now=NOW)
    owner.execute("ALTER TABLE customer_features_view ALTER COLUMN transaction_count TYPE text USING 'many'")
    api.forget_all()
    known = api.get_feature_set(IDS[0], now=NOW)
    assert known.values["transaction_count"] is None
    assert known.degraded_codes == ("features.value_refused",)
    api.sync_catalogue()
    api.forget_all()
    assert api.get_feature_set(IDS[0], now=NOW).values["transaction_count"] == "many"


def test_warehouse__customer_twice__unknown_and_told(owner: Owner) -> None:
    owner.execute("ALTER TABLE customer_features_view DROP CONSTRAINT customer_features_view_pkey")
    owner.execute("INSERT INTO customer_features_view SELECT * FROM customer_features_view WHERE transaction_count = 1")
    owner.execute("ALTER TABLE customer_features_view ALTER COLUMN customer_id DROP NOT NULL")
    owner.execute("INSERT INTO customer_features_view VALUES (NULL, 1, 1, 'x', 1, true, '2026-11-20T00:00Z')")
    found = api.list_feature_sets(IDS[:2], now=NOW, data_source="dwh")
    assert found[IDS[0]].degraded_codes == ("warehouse.duplicate_key",)
    assert not found[IDS[0]].is_known
    assert found[IDS[1]].values["total_revenue"] == Decimal("200.00")


def test_warehouse__ids_as_texts__found_all_the_same(owner: Owner) -> None:
    owner.execute("ALTER TABLE customer_features_view ALTER COLUMN customer_id TYPE text")
    assert api.get_features(IDS[0], now=NOW)["city"] == "Tyre"


def test_warehouse__quotes_and_unicode_in_values__come_as_they_are(owner: Owner) -> None:
    text = "O'Hara \"; DROP TABLE x --\u202e \U0001f600 \u0627\u0644\u0639\u0631\u0628\u064a\u0629"
    owner.execute("UPDATE customer_features_view SET city = %s", [text])
    assert api.get_features(IDS[0], now=NOW)["city"] == text


def test_batch__hundreds_of_customers__one_statement(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [public_id_of_ref(f"Z-{number}") for number in range(500)]
    owner.cursor().executemany(
        "INSERT INTO customer_features_view VALUES (%s, 5, 5, 'Tyre', 1, true, '2026-11-20T00:00Z')",
        [(one,) for one in ids],
    )
    asked: list[str] = []
    plain = warehouse.connector().fetch_all

    def counted(statement: Select[Any], *, limit: int = 100_000) -> Sequence[Row[Any]]:
        asked.append(str(statement))
        return plain(statement, limit=limit)

    monkeypatch.setattr(warehouse.connector(), "fetch_all", counted)
    api.schema()
    asked.clear()
    found = api.list_feature_sets(ids, now=NOW)
    assert (len(asked), len(found)) == (1, 500)
    assert all(one.values["city"] == "Tyre" for one in found.values())


def test_precedence__of_one_field__goes_before_the_strategy(calm: Simulator, actor: Actor) -> None:
    assert api.get_feature_set(IDS[0], now=NOW).sources["city"] == "dwh"
    api.describe_field(name="city", words={"precedence": "xiva"}, actor=actor, now=NOW)
    known = api.get_feature_set(IDS[0], now=NOW)
    assert (known.sources["city"], known.sources["total_revenue"]) == ("xiva", "dwh")
    assert known.values["customer_status"] is None
    with pytest.raises(api.FieldChangeRefused):
        api.describe_field(name="score", words={"precedence": "xiva"}, actor=actor, now=NOW)
    with pytest.raises(api.FieldChangeRefused):
        api.describe_field(name="score", words={"null_kind": "zero"}, actor=actor, now=NOW)


def test_news_of_a_customer__makes_the_cache_forget_it(owner: Owner) -> None:
    api.get_features(IDS[0], now=NOW)
    api.get_features(IDS[1], now=NOW)
    owner.execute("UPDATE customer_features_view SET city = 'Aley'")
    event = {"event_id": "1", "event_type": "customer.features_changed", "customer_ref": REFS[0]}
    customers.receive_events(raw=[{**event, "occurred_at": NOW.isoformat()}], source="dwh", now=NOW)
    while events.relay(now=NOW)[0]:
        pass
    while events.deliver_one(now=NOW):
        pass
    assert api.get_features(IDS[0], now=NOW)["city"] == "Aley"
    assert api.get_features(IDS[1], now=NOW)["city"] is None


def test_new_load__is_told_once_as_a_fact(owner: Owner) -> None:
    api.refresh()
    api.refresh()
    owner.execute("UPDATE customer_features_view SET updated_at = '2026-11-21T00:00Z'")
    api.refresh()
    told = (
        PublishedEvent.objects.filter(type="warehouse.features_changed")
        .order_by("recorded_at")
        .values_list("data", flat=True)
    )
    assert [one["reference_instant"] for one in told] == ["2026-11-20T00:00:00+00:00", "2026-11-21T00:00:00+00:00"]
    assert [one["previous_instant"] for one in told] == [None, "2026-11-20T00:00:00+00:00"]


def test_freshness__slow_to_find__is_not_looked_for_at_every_ring(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api.refresh_when_due()
    assert api.refresh_when_due()
    monkeypatch.setattr("loyalty.features.operations.freshness.LOOK_SECONDS_CHEAP", -1.0)
    monkeypatch.setattr("loyalty.features.operations.freshness.LOOK_SHARE_MAX", 1e-6)
    assert api.refresh_when_due()
    assert not api.refresh_when_due()
    cache.delete("features:looked")
    assert api.refresh_when_due()


def test_policy__changed_while_running__counts_at_once_and_is_audited(calm: Simulator, actor: Actor) -> None:
    assert set(api.get_feature_set(IDS[0], now=NOW).sources.values()) - {"platform"} == {"dwh"}
    api.change_policy(changes={"merge_strategy": "xiva_first"}, actor=actor, now=NOW)
    assert set(api.get_feature_set(IDS[0], now=NOW).sources.values()) - {"platform"} == {"xiva"}
    api.change_policy(changes={"merge_strategy": None, "data_source": "dwh"}, actor=actor, now=NOW)
    assert (api.get_policy().merge_strategy, api.get_policy().data_source) == ("dwh_first", "dwh")
    assert AuditEntry.objects.filter(act="features.configure").count() == 2
    with pytest.raises(api.PolicyInvalid):
        api.change_policy(changes={"data_source": "rumour"}, actor=actor, now=NOW)
    with pytest.raises(api.PolicyInvalid):
        api.change_policy(changes={"stale_seconds": -1}, actor=actor, now=NOW)


def test_routes__policy_and_health(owner: Owner, client_with: ClientWith) -> None:
    client = client_with("features.view", "features.configure")
    before = client.get(f"{V1}/config/features/").json()
    assert (before["data_source"], before["merge_strategy"]) == ("auto", "dwh_first")
    changed = client.patch(f"{V1}/config/features/", {"cache_seconds": 60, "stale_seconds": 600}).json()
    assert (changed["cache_seconds"], changed["stale_seconds"]) == (60, 600)
    assert client.patch(f"{V1}/config/features/", {"cache_seconds": None}).json()["cache_seconds"] != 60
    for wrong in ({"data_source": "rumour"}, {"cache_seconds": 10**9}, {"colour": "red"}):
        assert client.patch(f"{V1}/config/features/", wrong).status_code == 400
    assert client_with("features.view").patch(f"{V1}/config/features/", {}).status_code == 403
    health = {one["source"]: one for one in client.get(f"{V1}/features/health/").json()["results"]}
    assert (health["dwh"]["state"], health["xiva"]["state"], health["platform"]["state"]) == (
        *("up", "not_configured"),
        "up",
    )


def test_routes__event_types__with_the_fields_of_their_data(client_with: ClientWith) -> None:
    body = client_with("features.view").get(f"{V1}/features/eventTypes/").json()
    kinds = {one["name"]: one for one in body["results"]}
    assert body["count"] == len(kinds)
    assert {"name": "amount", "type": "decimal", "label": "Amount"} in kinds["customer.purchase"]["fields_told"]
    assert client_with("customers.view").get(f"{V1}/features/eventTypes/").status_code == 403


def test_routes__degraded__is_on_the_answer(calm: Simulator, client_with: ClientWith) -> None:
    calm.desk.order({"fail_next": 50})
    body = client_with("features.view").get(f"{V1}/dwh/customers/{REFS[2]}/features/").json()
    assert body["degraded"][0]["source"] == "xiva"
    assert body["degraded"][0]["code"] == "bss.unavailable"
    assert body["degraded"][0]["age_seconds"] is None
    assert body["features"]["total_revenue"] is None


def test_catalogue__column_of_a_platform_facts_name__is_kept_out_and_named(
    owner: Owner, client_with: ClientWith
) -> None:
    owner.execute("ALTER TABLE customer_features_view ADD COLUMN points_balance int")
    answer = client_with("features.change").post(f"{V1}/dwh/columns/sync/").json()
    assert answer["shadowed"] == ["points_balance"]
    assert {one.name: one for one in api.list_fields()}["points_balance"].data_source == "platform"


def test_cache__of_another_process__version_is_heeded(owner: Owner, actor: Actor) -> None:
    api.get_features(IDS[0], now=NOW)
    cache.delete("features:version")
    assert api.get_features(IDS[0], now=NOW)["city"] == "Tyre"
    assert api.get_feature_set(uuid.uuid4(), now=NOW).values["city"] is None
