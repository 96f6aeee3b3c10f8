"""Filling the warehouse: from a seed, from a file, again and again."""

import io
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from loyalty.customers import api as customers
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import public_id_of_ref
from loyalty.population import api as population
from loyalty.warehouse import api
from tests.conftest import ClientWith
from tests.population.files import TELCO, needs_telco
from tests.warehouse.conftest import READER, Addresses

Owner = psycopg.Connection[tuple[object, ...]]
DAY = date(2026, 11, 20)


def fill(addresses: Addresses, people: population.Population, seed: int = 5) -> api.FillReport:
    """Fill the warehouse."""
    return api.fill(people, seed=seed, as_of=DAY, admin_url=addresses.owner, reader=READER)


def synthetic(customers: int, seed: int = 5) -> population.Population:
    """Give people of a seed."""
    return population.open_population(population.PopulationDescription(as_of=DAY, seed=seed, customers=customers))


def one(owner: Owner, statement: str) -> Any:
    """Give the first value of a statement."""
    row = owner.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]


def digest(owner: Owner) -> list[str]:
    """Give a mark of each table's content."""
    keys = {"customer_features_view": "customer_id", "customer_transaction_history": "transaction_id",
            "customer_offer_history": "offer_history_id", "customer_churn_history": "churn_history_id"}  # fmt: skip
    return [
        one(owner, f"SELECT md5(string_agg(t::text, '|' ORDER BY {key})) FROM {name} t") for name, key in keys.items()
    ]


def test_fill__same_seed__same_warehouse_to_the_letter(addresses: Addresses, owner: Owner) -> None:
    report = fill(addresses, synthetic(300))
    first = digest(owner)
    fill(addresses, synthetic(300))
    assert digest(owner) == first
    fill(addresses, synthetic(300, seed=6), seed=6)
    assert all(new != old for new, old in zip(digest(owner), first, strict=True))
    assert report.customers == report.rows["customer_features_view"] == 300
    assert report.is_granted
    assert one(owner, "SELECT customer_id FROM customer_features_view WHERE customer_ref = 'XV-00000007'") == (
        public_id_of_ref("XV-00000007")
    )


def test_fill__history__agrees_with_itself(addresses: Addresses, owner: Owner) -> None:
    fill(addresses, synthetic(1500))
    strays = """
        SELECT count(*) FROM customer_features_view f LEFT JOIN (
            SELECT customer_id, sum(amount) AS total, count(*) AS n,
                max(occurred_at) FILTER (WHERE kind <> 'bill') AS last_at
            FROM customer_transaction_history GROUP BY 1) t USING (customer_id)
        WHERE f.total_revenue <> coalesce(t.total, 0) OR f.transaction_count <> coalesce(t.n, 0)
            OR f.last_purchase_days_ago IS DISTINCT FROM DATE '2026-11-20' - (t.last_at AT TIME ZONE 'UTC')::date
    """
    assert one(owner, strays) == 0
    assert one(owner, "SELECT count(*) FROM customer_features_view WHERE churn_score NOT BETWEEN 0 AND 1") == 0
    bought = (
        "FROM customer_transaction_history t JOIN customer_features_view f USING (customer_id) WHERE kind <> 'bill'"
    )
    early, late = (
        one(owner, f"SELECT count(*) {bought} AND churned_date - customer_since > 200 "
                   f"AND churned_date - occurred_at::date BETWEEN {span}")
        for span in ("121 AND 180", "0 AND 59")
    )  # fmt: skip
    assert late < 0.65 * early
    december, february = (
        one(owner, f"SELECT count(*) {bought} AND extract(month FROM occurred_at) = {month}") for month in (12, 2)
    )
    assert december > february
    contradictions = "SELECT count(*) FROM customer_offer_history WHERE converted <> (converted_offer_id IS NOT NULL)"
    assert one(owner, contradictions) == 0
    assert one(owner, "SELECT count(DISTINCT offer_id) FROM customer_offer_history") == 8
    assert one(owner, "SELECT max(snapshot_date) FROM customer_churn_history") <= date(2026, 8, 22)
    assert 0.01 < one(owner, "SELECT avg(churned::int) FROM customer_churn_history") < 0.2


def test_fill__a_reader__may_read_and_not_write(addresses: Addresses, owner: Owner) -> None:
    fill(addresses, synthetic(20))
    with psycopg.connect(addresses.reader, autocommit=True) as reader:
        for table in api.TABLES:
            assert reader.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() != (0,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(f"DELETE FROM {table}".encode())


def test_fill__a_view_stood_there__replaced(addresses: Addresses, owner: Owner) -> None:
    owner.execute("CREATE VIEW customer_features_view AS SELECT 1 AS customer_id")
    assert fill(addresses, synthetic(20)).rows["customer_features_view"] == 20


def test_fill__broken_off__the_old_tables_stay(addresses: Addresses, owner: Owner) -> None:
    fill(addresses, synthetic(20))
    before = digest(owner)
    owner.execute("CREATE VIEW leaning AS SELECT customer_id FROM customer_features_view")
    with pytest.raises(api.WarehouseUnavailable, match="cannot be filled"):
        fill(addresses, synthetic(30))
    assert digest(owner) == before


@pytest.fixture
def configured(addresses: Addresses, owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the platform at the warehouse and at a data folder of its own."""
    monkeypatch.setattr(settings, "DWH_ADMIN_URL", addresses.owner)
    monkeypatch.setattr(settings, "DWH_POSTGRESQL_URL", addresses.reader)
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
    return tmp_path


def setup(**options: Any) -> tuple[str, str]:
    """Run the command; give what it wrote and complained."""
    out, err = io.StringIO(), io.StringIO()
    call_command("setup_dwh_with_data", stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


@needs_telco
def test_command__telco_file__loads_whole_with_every_column(configured: Path, owner: Owner) -> None:
    out, err = setup(customers_file=str(TELCO), id_column="customerID")
    assert "7,043 customers" in out
    assert err == ""
    assert one(owner, "SELECT count(*) FROM customer_features_view") == 7043
    assert one(owner, "SELECT count(*) FROM customer_features_view WHERE total_charges IS NULL") == 11
    assert one(owner, "SELECT count(*) FROM customer_features_view WHERE senior_citizen AND churn") == 476
    assert one(owner, "SELECT sum(monthly_charges) FROM customer_features_view") == one(owner, "SELECT 456116.60")
    assert one(owner, "SELECT count(*) FROM customer_features_view WHERE total_revenue > 0 AND churn_score > 0") > 6500
    known = population.find_description(configured)
    assert known is not None
    assert Path(known.customers_file).read_bytes() == TELCO.read_bytes()
    assert Path(known.customers_file).parent == configured


def test_command__file_with_bad_rows__tells_them_and_loads_the_rest(configured: Path, owner: Owner) -> None:
    path = configured / "customers.csv"
    path.write_bytes(b"Id,City,Total Revenue,Odd Name\na,Tyre,7,x\nb,Tyre\na,Tyre,8,y\nc,\xff,9,z\nd,Aley,,\n")
    out, err = setup(customers_file=str(path), id_column="Id")
    assert tuple(line.split(":")[0] for line in err.splitlines()) == ("line 3", "line 4", "line 5")
    assert "2 customers" in out
    rows = owner.execute(
        "SELECT customer_ref, city, total_revenue, odd_name FROM customer_features_view ORDER BY customer_ref"
    ).fetchall()
    assert rows == [("a", "Tyre", 7, "x"), ("d", "Aley", None, None)]


def test_command__file_with_odd_values__postgresql_takes_each(configured: Path, owner: Owner) -> None:
    path = configured / "customers.csv"
    rows = [
        "id,Tenure,MonthlyCharges,age,birth_date,seen,Select,e-mail,Ünïcode,big,flag,Updated At",
        "a,99999999,999999999999,500,0001-01-01,2026-01-31T10:00:00+14:00,x\\N,a@b.test,é,123456789012345678,1,y",
        "b,-5,²,-1,9999-12-31,0001-01-01T00:00:00Z,\\.,,\U0001f600,-1,0,z",
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    out, err = setup(customers_file=str(path), id_column="id", as_of=DAY)
    assert ("2 customers" in out, err) == (True, "")
    found = owner.execute(
        'SELECT "select", unicode, big, flag, updated_at_in_file FROM customer_features_view ORDER BY customer_ref'
    ).fetchall()
    assert found == [("x\\N", "é", 123456789012345678, True, "y"), ("\\.", "\U0001f600", -1, False, "z")]


@pytest.mark.django_db
def test_command__from_customers__the_same_people_as_by_number(
    configured: Path, owner: Owner, actor: Actor, now: datetime
) -> None:
    with pytest.raises(CommandError, match="knows no customers"):
        setup(from_customers=True)
    setup(customers=30, as_of=DAY)
    known = "SELECT md5(string_agg(f::text, '|' ORDER BY customer_id)) FROM customer_features_view f"
    before = one(owner, known)
    records = [customers.CustomerRecord(customer_ref=f"XV-{number:08d}") for number in range(30, 0, -1)]
    customers.upsert_many(records, source="tests", actor=actor, now=now)
    setup(from_customers=True, as_of=DAY)
    assert one(owner, known) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"customers": 0}, "from 1"),
        ({"customers_file": "/nowhere.csv", "id_column": "id"}, "cannot be read"),
        ({"customers_file": "/nowhere.csv"}, "--id-column"),
        ({"customers_file": "/nowhere.csv", "id_column": "id", "from_customers": True}, "exclude"),
    ],
)
def test_command__cannot__one_sentence_and_exit_code_2(configured: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(CommandError, match=words) as refusal:
        setup(**options)
    assert refusal.value.returncode == 2
    assert "\n" not in str(refusal.value)


def test_command__not_a_csv__exit_code_2_and_the_old_tables_stay(configured: Path, owner: Owner) -> None:
    setup(customers=20)
    path = configured / "image.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x01\x02")
    with pytest.raises(CommandError, match="not a CSV") as refusal:
        setup(customers_file=str(path), id_column="id")
    assert refusal.value.returncode == 2
    assert one(owner, "SELECT count(*) FROM customer_features_view") == 20


def test_test_route__configured_and_away__both_answers(
    configured: Path, client_with: ClientWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup(customers=20)
    client = client_with("warehouse.view")
    found = client.get("/api/loyalty/v1/dwh/test/").json()
    assert (found["is_reachable"], found["is_superuser"], len(found["columns"])) == (True, False, 32)
    monkeypatch.setattr(settings, "DWH_POSTGRESQL_URL", "")
    away = client.post("/api/loyalty/v1/dwh/test/").json()
    assert (away["is_reachable"], away["problem_code"]) == (False, "warehouse.not_configured")
    assert client_with("segments.view").get("/api/loyalty/v1/dwh/test/").status_code == 403
