"""The catalogue and the features of customers, over a real warehouse and a real simulator."""

import logging
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import redis
from django.core.cache import cache
from sqlalchemy import func, select

from loyalty.customers import api as customers
from loyalty.customers.kinds.xiva.simulator.server import Simulator
from loyalty.features import api
from loyalty.features.models import CatalogueField
from loyalty.features.operations import caching
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.rules.contracts import FieldType
from loyalty.warehouse import api as warehouse
from tests.conftest import ClientWith
from tests.features.conftest import IDS, REFS, Owner

V1 = "/api/loyalty/v1"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_schema__the_warehouses_columns__typed(owner: Owner) -> None:
    schema = api.schema()
    of_dwh = {name for name, origin in api.field_origins().items() if origin.source == "dwh"}
    assert {name: field.type for name, field in schema.by_name.items() if name in of_dwh} == {
        "total_revenue": FieldType.DECIMAL,
        "transaction_count": FieldType.INTEGER,
        "city": FieldType.TEXT,
        "score": FieldType.DECIMAL,
        "has_app": FieldType.BOOLEAN,
        "updated_at": FieldType.DATETIME,
    }
    assert schema.by_name["has_app"].is_nullable is False
    fields = {field.name: field for field in api.list_fields()}
    assert fields["customer_status"].data_source == "xiva"
    assert fields["score"].description == "A mark of the warehouse"
    assert fields["score"].freshness == datetime(2026, 11, 20, tzinfo=UTC)


def test_catalogue__column_comes_and_goes__words_stay(owner: Owner, actor: Actor, now: datetime) -> None:
    api.schema()
    api.describe_field(name="city", words={"label": "Home town"}, actor=actor, now=now)
    owner.execute("ALTER TABLE customer_features_view ADD COLUMN plan text")
    owner.execute("ALTER TABLE customer_features_view RENAME COLUMN city TO town")
    warehouse.connector().forget_tables()
    assert {"plan", "town"} <= set(api.schema().by_name)
    owner.execute("ALTER TABLE customer_features_view DROP COLUMN plan")
    owner.execute("ALTER TABLE customer_features_view RENAME COLUMN town TO city")
    api.sync_catalogue()
    assert "plan" not in api.schema().by_name
    assert api.schema().by_name["city"].label == "Home town"
    assert CatalogueField.objects.filter(name="plan", is_available=False).exists()
    assert AuditEntry.objects.filter(act="features.change").count() == 1


def test_catalogue__warehouse_away__stays_as_it_was(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    before = api.schema()
    monkeypatch.setattr("django.conf.settings.DWH_POSTGRESQL_URL", "postgres://x:y@127.0.0.1:1/none")
    assert api.schema() == before


def test_source__evaluates_in_the_warehouse(owner: Owner) -> None:
    source = api.source()
    statement = select(source.key).where(source.columns["total_revenue"] > 150)
    assert [row[0] for row in source.connector.fetch_all(statement)] == [IDS[1]]
    assert source.connector.fetch_all(select(func.count()).select_from(source.table))[0][0] == 2


def test_features__dwh_first__xiva_only_for_whom_the_warehouse_lacks(xiva: Simulator) -> None:
    first, third = api.get_feature_set(IDS[0], now=NOW), api.get_feature_set(IDS[2], now=NOW)
    assert first.values["total_revenue"] == Decimal("100.00")
    assert first.values["customer_status"] is None
    assert set(first.sources.values()) - {"platform"} == {"dwh"}
    assert first.as_of == datetime(2026, 11, 20, tzinfo=UTC)
    assert third.values["customer_status"] in ("active", "churned")
    assert third.values["score"] is None
    assert set(third.sources.values()) - {"platform"} == {"xiva"}
    assert (first.degraded, third.degraded) == ((), ())


def test_features__every_strategy__says_whose_value(xiva: Simulator) -> None:
    by_xiva = api.get_feature_set(IDS[1], strategy="xiva_first", now=NOW)
    assert set(by_xiva.sources.values()) - {"platform"} == {"xiva"}
    merged = api.get_feature_set(IDS[1], strategy="merge", now=NOW)
    assert merged.sources["total_revenue"] == "dwh"
    assert merged.sources["city"] == "xiva"
    assert merged.values["city"]
    assert merged.sources["customer_status"] == "xiva"
    only = api.get_feature_set(IDS[2], data_source="dwh", now=NOW)
    assert not only.is_known
    with pytest.raises(api.FeatureSourceInvalid):
        api.get_feature_set(IDS[0], strategy="coin", now=NOW)


def test_features__xiva_down__degraded_is_said_and_not_remembered(xiva: Simulator) -> None:
    xiva.desk.order({"wrong_shape_next": 1})
    down = api.get_feature_set(IDS[2], now=NOW)
    assert down.degraded_codes == ("bss.answer_invalid",)
    assert not down.is_known
    assert api.get_feature_set(IDS[2], now=NOW).is_known
    assert api.get_feature_set(IDS[0], now=NOW).degraded == ()


def test_features__warehouse_down__bss_answers_and_degraded_is_said(
    xiva: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.schema()
    monkeypatch.setattr("django.conf.settings.DWH_POSTGRESQL_URL", "postgres://x:y@127.0.0.1:1/none")
    known = api.get_feature_set(IDS[0], now=NOW)
    assert known.degraded_codes == ("warehouse.unavailable",)
    assert set(known.sources.values()) - {"platform"} == {"xiva"}
    monkeypatch.setattr("django.conf.settings.XIVA_API_BASE_URL", "")
    with pytest.raises(api.FeaturesUnavailable):
        api.get_features(IDS[1], now=NOW)


def test_cache__remembers__until_the_warehouse_is_younger(owner: Owner) -> None:
    assert api.get_features(IDS[0], now=NOW)["city"] == "Tyre"
    owner.execute("UPDATE customer_features_view SET city = 'Aley'")
    assert api.get_features(IDS[0], now=NOW)["city"] == "Tyre"
    owner.execute("UPDATE customer_features_view SET updated_at = '2026-11-21T00:00Z'")
    assert api.refresh() == datetime(2026, 11, 21, tzinfo=UTC)
    assert api.get_features(IDS[0], now=NOW)["city"] == "Aley"


def test_cache__away__slower_and_the_same(
    owner: Owner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    expected = api.get_features(IDS[0], now=NOW)

    class Away:
        """A cache whose server is gone."""

        def __getattr__(self, name: str) -> object:
            raise redis.ConnectionError("gone")

    monkeypatch.setattr(caching, "cache", Away())
    with caplog.at_level(logging.WARNING, logger="loyalty.features"):
        assert api.get_features(IDS[0], now=NOW) == expected
        api.forget_all()
    assert "away" in caplog.text


def test_cache__rubbish_in_it__not_believed(owner: Owner) -> None:
    expected = api.get_features(IDS[0], now=NOW)
    cache.set(f"features:dwh:{IDS[0]}", "rubbish")
    cache.set(caching.VERSION, 7)
    assert api.get_features(IDS[0], now=NOW) == expected


def test_cache__switched_off__asks_each_time(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.conf.settings.FEATURE_STORE_CACHE_SECONDS", 0)
    api.get_features(IDS[0], now=NOW)
    owner.execute("UPDATE customer_features_view SET city = 'Aley'")
    assert api.get_features(IDS[0], now=NOW)["city"] == "Aley"


def test_unknown_customer__empty_and_never_zero(owner: Owner) -> None:
    assert api.get_features(new_public_id(), now=NOW) == {}
    known = api.get_feature_set(IDS[2], now=NOW)
    assert not known.is_known
    # Nought messages were sent and no segment holds the customer, which we know; all else is unknown.
    counted = {"account_count", "segment_count", "messages_sent_30d", "messages_opened_30d", "messages_clicked_30d"}
    assert {name for name, value in known.values.items() if value is not None} <= counted


def test_routes__one_customer__by_id_and_reference(owner: Owner, client_with: ClientWith) -> None:
    client = client_with("features.view")
    one = client.get(f"{V1}/dwh/customers/{IDS[0]}/features/").json()
    assert (one["customer_ref"], one["features"]["city"], one["sources"]["city"]) == (REFS[0], "Tyre", "dwh")
    assert client.get(f"{V1}/dwh/customers/{REFS[1]}/features/").json()["features"]["total_revenue"] == 200.0
    assert client.get(f"{V1}/dwh/customers/{IDS[0]}/features/?merge_strategy=coin").status_code == 400
    for name in (new_public_id(), "nobody", "%00"):
        answer = client.get(f"{V1}/dwh/customers/{name}/features/")
        assert (answer.status_code, answer.json()["code"]) == (404, "customer.not_found")
    assert client_with("customers.view").get(f"{V1}/dwh/customers/{IDS[0]}/features/").status_code == 403


def test_routes__batch__known_and_missing(owner: Owner, client_with: ClientWith) -> None:
    client = client_with("features.view")
    body = {"customer_ids": [REFS[1], str(IDS[0]), "nobody"], "fields_wanted": ["city", "no_such_field"]}
    answer = client.post(f"{V1}/dwh/batch/features/", body).json()
    assert [row["features"]["city"] for row in answer["results"]] == [None, "Tyre"]
    assert (answer["count"], answer["missing"], answer["degraded"]) == (2, ["nobody"], [])
    too_many = {"customer_ids": [str(number) for number in range(1001)]}
    assert client.post(f"{V1}/dwh/batch/features/", too_many).status_code == 400
    assert client.post(f"{V1}/dwh/batch/features/", {"customer_ids": []}).status_code == 400
    assert client.post(f"{V1}/dwh/batch/features/", {"customers": ["x"]}).status_code == 400


def test_route__values_of_a_field__are_suggested_but_for_personal_data(owner: Owner, client_with: ClientWith) -> None:
    owner.execute("ALTER TABLE customer_features_view ADD COLUMN email text DEFAULT 'a@b.example'")
    api.sync_catalogue()
    client = client_with("features.view")
    answer = client.get(f"{V1}/dwh/columns/city/values/").json()
    assert answer == {"name": "city", "results": [{"value": "Tyre", "rows": 1}]}
    assert client.get(f"{V1}/dwh/columns/city/values/?search=YR").json() == answer
    assert client.get(f"{V1}/dwh/columns/city/values/?search=%25").json()["results"] == []
    assert client.get(f"{V1}/dwh/columns/score/values/").json()["results"] == []
    assert client.get(f"{V1}/dwh/columns/email/values/").json()["results"] == []
    assert client.get(f"{V1}/dwh/columns/none/values/").json()["code"] == "field.not_found"
    assert client_with("segments.view").get(f"{V1}/dwh/columns/city/values/").status_code == 403


def test_routes__catalogue__list_describe_sync(owner: Owner, client_with: ClientWith) -> None:
    client = client_with("features.view", "features.change")
    listed = client.get(f"{V1}/dwh/columns/").json()
    assert listed["count"] == len(listed["results"])
    assert [row["name"] for row in client.get(f"{V1}/dwh/columns/?search=mark").json()["results"]] == ["score"]
    changed = client.patch(f"{V1}/dwh/columns/score/", {"description": "Ours", "unit": "points"}).json()
    assert (changed["description"], changed["unit"]) == ("Ours", "points")
    assert client.get(f"{V1}/dwh/columns/{changed['id']}/").json() == changed
    assert client.patch(f"{V1}/dwh/columns/score/", {"type": "text"}).status_code == 400
    assert client.patch(f"{V1}/dwh/columns/none/", {"label": "x"}).json()["code"] == "field.not_found"
    assert client.post(f"{V1}/dwh/columns/sync/").json()["fields"] == listed["count"]
    assert client_with("features.view").patch(f"{V1}/dwh/columns/score/", {"label": "x"}).status_code == 403


def test_overview__features_part__rows_with_source(owner: Owner, now: datetime) -> None:
    part = customers.overview(IDS[0], now=now)["features"]
    rows = {row["name"]: row for row in part["features"]}
    assert (rows["city"]["value"], rows["city"]["source"]) == ("Tyre", "dwh")
    assert part["features_degraded"] == []
