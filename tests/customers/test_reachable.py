"""How customers are reached by one channel, beside the view over all of them."""

from datetime import UTC, datetime

import pytest

from loyalty.customers.api import ConsentRecord, CustomerRecord, get_customer_by_ref, register_device, upsert_many
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.orm import sql

pytestmark = pytest.mark.django_db
ACTOR = system_actor("tests")

# Every row of the view beside what the function says of its channel and purpose, and the other way round.
DIFFERENCES = """
    WITH ways AS (SELECT DISTINCT channel, purpose FROM customers_reachable), asked AS (
        SELECT r.customer_id, r.public_id, r.customer_ref::text, r.first_name, r.last_name, r.language, r.time_zone,
            w.channel, r.address, w.purpose, r.is_consented
        FROM ways w CROSS JOIN LATERAL customers_reachable_by(w.channel, w.purpose) r
    ), seen AS (
        SELECT customer_id, public_id, customer_ref::text, first_name, last_name, language, time_zone, channel, address,
            purpose, is_consented FROM customers_reachable
    )
    SELECT (SELECT count(*) FROM seen) AS rows, (SELECT count(*) FROM (TABLE asked EXCEPT TABLE seen) d)
        + (SELECT count(*) FROM (TABLE seen EXCEPT TABLE asked) d) AS differences
"""


def test_reachable_by__every_channel_and_purpose__says_what_the_view_says() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    granted = (ConsentRecord("email", "marketing", True, now), ConsentRecord("sms", "service", False, now))
    records = [
        CustomerRecord(customer_ref="a", first_name="Ada", email="ada@mail.test", consents=granted),
        CustomerRecord(customer_ref="b", first_name="Bob"),
        CustomerRecord(customer_ref="c", first_name="Cleo", phone="+9613000001"),
    ]
    upsert_many(records, source="tests", actor=ACTOR, now=now)
    register_device(
        customer_id=get_customer_by_ref("b").id, device_ref="d", platform="fcm", token="t" * 40, actor=ACTOR, now=now
    )
    found = sql.fetch_one(DIFFERENCES)
    assert found == {"rows": 3 * 12, "differences": 0}
    rows = sql.fetch_all("SELECT customer_id, address FROM customers_reachable_by('email', 'marketing') ORDER BY 1")
    first, second, third = (row["customer_id"] for row in rows)
    within = "SELECT customer_id FROM customers_reachable_within('email', 'marketing', %s, %s) ORDER BY 1"
    assert [row["customer_id"] for row in sql.fetch_all(within, [first, third])] == [first, second]
