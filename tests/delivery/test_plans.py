"""How the sender's statement finds its customers: each by the key, however many there are."""

from datetime import datetime

import pytest

from loyalty.foundation.orm import sql
from tests.delivery.post import make_customers, queue_all

pytestmark = pytest.mark.django_db
REACHED = """
    EXPLAIN SELECT s.id, r.address FROM delivery_send s JOIN delivery_message m ON m.id = s.message_id
    LEFT JOIN customers_reachable r ON r.customer_id = s.customer_id AND r.channel = s.channel AND r.purpose = m.purpose
    WHERE s.id = ANY (ARRAY(SELECT id FROM delivery_send ORDER BY id LIMIT 20))
"""


def test_reachable__asked_for_a_window_of_sends__looks_each_customer_up_by_the_key(now: datetime) -> None:
    make_customers(["Ada"], now)
    queue_all(now)
    sql.execute(
        "INSERT INTO customers_customer (public_id, customer_ref, first_name, last_name, status, language, time_zone, "
        "city, gender, source) SELECT gen_random_uuid(), 'x-' || n, '', '', 'ACTIVE', 'en', 'UTC', '', '', 'tests' "
        "FROM generate_series(1, 20000) n"
    )
    sql.execute("ANALYZE customers_customer")
    plan = "\n".join(row["QUERY PLAN"] for row in sql.fetch_all(REACHED))
    assert "customers_customer_pkey" in plan
    assert "Seq Scan on customers_customer" not in plan
