"""The main job on real customers, from the command line to the proof, with processes killed under it."""

import csv
import json
import signal
import stat
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from tests.stories.running import TELCO, Platform, platform, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The demo with the real customers, or with synthetic ones where the file is absent."""
    place = tmp_path_factory.mktemp("story")
    people = ["--customers-file", str(TELCO), "--id-column", "customerID"] if TELCO.exists() else ["--customers", "500"]
    with platform(place / "data", place / "console", *people) as running:
        yield running


@pytest.fixture(scope="module")
def telco() -> list[dict[str, str]]:
    """The rows of the real file, read by nothing of ours."""
    if not TELCO.exists():
        pytest.skip("the real customers are not at hand")
    with TELCO.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def calculate(world: Platform, rules: Any, name: str) -> dict[str, Any]:
    """Create a segment, recalculate it, and give it."""
    with world.http as http:
        made = http.post("segments/", json={"name": name, "kind": "dynamic", "rules": rules})
        assert made.status_code == 201, made.text
        run = http.post(f"segments/{made.json()['id']}/recalculate/", json={}).json()["run"]
        ended = wait_for(
            "the recalculation",
            lambda: (seen := http.get(f"runs/{run['id']}/").json())["status"] in ("SUCCEEDED", "FAILED") and seen,
        )
        assert ended["status"] == "SUCCEEDED", ended
        segment: dict[str, Any] = http.get(f"segments/{made.json()['id']}/").json()
        assert ended["result"]["members"] == segment["member_count"]
        return segment


def test_demo__ready__says_where_and_writes_run_json(world: Platform) -> None:
    line = next(line for line in world.output if line.startswith("ready: "))
    assert line == f"ready: {world.run['url']}  login: {world.run['username']} {world.run['password']}"
    assert set(world.run) == {
        "url", "username", "password", "token", "database_url", "warehouse_url", "mail_dir", "xiva_url",
    }  # fmt: skip
    assert stat.S_IMODE((world.folder / "run.json").stat().st_mode) == 0o600


def test_customers__of_the_real_file__are_all_there(world: Platform, telco: list[dict[str, str]]) -> None:
    with psycopg.connect(world.run["warehouse_url"]) as warehouse:
        row = warehouse.execute(
            "SELECT count(*), count(*) FILTER (WHERE total_charges IS NULL), sum(monthly_charges)::text "
            "FROM customer_features_view"
        ).fetchone()
    blank = sum(1 for customer in telco if not customer["TotalCharges"].strip())
    charges = sum(Decimal(customer["MonthlyCharges"]) for customer in telco)
    assert row is not None
    assert (row[0], row[1], Decimal(row[2])) == (len(telco), blank, charges) == (7043, 11, charges)
    with psycopg.connect(world.run["database_url"]) as database:
        assert database.execute("SELECT count(*) FROM customers_directory").fetchone() == (len(telco),)


def test_segments__counts__equal_an_independent_calculation(world: Platform, telco: list[dict[str, str]]) -> None:
    monthly = {"==": [{"var": "contract"}, "Month-to-month"]}
    cases: list[tuple[Any, int]] = [
        (
            {"and": [monthly, {">": [{"var": "monthly_charges"}, 80]}]},
            sum(1 for c in telco if c["Contract"] == "Month-to-month" and Decimal(c["MonthlyCharges"]) > 80),
        ),
        (
            {"or": [{"missing": ["total_charges"]}, {"<": [{"var": "total_charges"}, 20]}]},
            sum(1 for c in telco if not c["TotalCharges"].strip() or Decimal(c["TotalCharges"]) < 20),
        ),
        (
            {"!": {"in": [{"var": "payment_method"}, ["Electronic check", "Mailed check"]]}},
            sum(1 for c in telco if c["PaymentMethod"] not in ("Electronic check", "Mailed check")),
        ),
        (
            {"<": [{"var": "total_charges"}, {"*": [{"var": "monthly_charges"}, 3]}]},
            sum(
                1
                for c in telco
                if c["TotalCharges"].strip() and Decimal(c["TotalCharges"]) < Decimal(c["MonthlyCharges"]) * 3
            ),
        ),
        (
            {"<=": [12, {"var": "tenure"}, 24]},
            sum(1 for c in telco if 12 <= int(c["tenure"]) <= 24),
        ),
    ]
    for number, (rules, expected) in enumerate(cases):
        assert calculate(world, rules, f"independent {number}")["member_count"] == expected, rules


def test_campaign__mails__equal_the_members_who_may_be_mailed(world: Platform) -> None:
    segment = calculate(world, {">=": [{"var": "total_revenue"}, 0]}, "everyone with revenue")
    with world.http as http:
        program = http.get("loyaltyPrograms/").json()["results"][0]
        campaign = http.post(
            "campaigns/",
            json={
                "name": "to everyone", "program": program["id"], "segment": segment["id"], "channels": ["email"],
                "trigger": {"kind": "schedule", "cron": "0 9 1 1 *", "timezone": "UTC"}, "status": "ACTIVE",
                "content": {"email": {"subject": "Hello", "body": "<p>Hello {{ customer_ref }}</p>"}},
            },
        )  # fmt: skip
        assert campaign.status_code == 201, campaign.text
        campaign_id = campaign.json()["id"]
        triggered = http.post(f"campaigns/{campaign_id}/trigger/", json={"occurrence": "one"})
        assert triggered.status_code == 202, triggered.text
        audience = triggered.json()["audience"]
        sent = wait_for(
            "every mail to be sent",
            lambda: (n := http.get(f"campaigns/{campaign_id}/performance/").json()["total_sent"]) >= audience and n,
            seconds=300,
        )
    with psycopg.connect(world.run["database_url"]) as database:
        mailable = database.execute(
            "SELECT count(DISTINCT r.customer_id) FROM customers_reachable r "
            "JOIN segments_membership m ON m.customer_id = r.customer_id AND m.segment_public_id = %s "
            "WHERE r.channel = 'email' AND r.purpose = 'marketing' AND r.is_consented AND r.address <> ''",
            (segment["id"],),
        ).fetchone()
    mails = [
        path
        for path in Path(world.run["mail_dir"]).glob("*/*")
        if b"Subject: Hello\n" in path.read_bytes().replace(b"\r", b"")
    ]
    assert (sent, len(mails)) == (audience, audience)
    assert mailable == (audience,)


def purchase(number: int, customer_ref: str, mark: str) -> dict[str, Any]:
    """Make a purchase event."""
    return {
        "event_id": f"{mark}-{number}",
        "event_type": "customer.purchase",
        "customer_ref": customer_ref,
        "occurred_at": "2026-11-20T10:00:00+00:00",
        "event_data": {"amount": "120.00", "currency": "USD", "product_id": "topup"},
    }


def test_kills__of_worker_relay_web_and_valkey__lose_and_double_nothing(world: Platform) -> None:
    with world.http as http:
        people = http.get("customers/", params={"page_size": 400}).json()["results"][200:400]

    def send(events: list[dict[str, Any]]) -> bool:
        with world.http as http:
            answer = http.post("webhooks/customer-events/", json={"events": events})
            return answer.status_code == 202

    for start, victim in (
        (0, ("celery", "worker")), (50, ("run_relay",)), (100, ("granian",)), (150, ("valkey-server",)),
    ):  # fmt: skip
        events = [purchase(start + n, c["customer_ref"], "kill") for n, c in enumerate(people[start : start + 50])]
        wait_for("the first delivery", partial(send, events))
        assert world.kill(*victim) > 0, victim
        wait_for("a second delivery of the same", partial(send, events))
    with psycopg.connect(world.run["database_url"], autocommit=True) as database:
        wait_for(
            "every fact to be handled",
            lambda: (
                database.execute(
                    "SELECT count(*) FROM events_inboxentry WHERE state = 'DONE' AND type = 'customer.purchase' "
                    "AND handler LIKE 'points.%' AND envelope->'data'->>'event_id' LIKE 'kill-%'"
                ).fetchone()
                == (200,)
            ),
        )
        assert database.execute("SELECT count(*) FROM events_inboxentry WHERE state = 'DEAD'").fetchone() == (0,)
        earned = database.execute(
            "SELECT count(*), count(DISTINCT key), sum((data->>'points_amount')::int) FROM events_store "
            "WHERE type = 'points.earned' AND key = ANY(%s) AND recorded_at > now() - interval '30 minutes'",
            ([c["id"] for c in people],),
        ).fetchone()
    assert earned is not None
    assert earned[1] == len(people)
    checked = world.manage("verify_ledger")
    assert (checked.returncode, checked.stdout.strip()) == (0, ""), checked.stdout + checked.stderr


def test_smtp__down__mails_wait_and_go_out_once(world: Platform) -> None:
    with world.http as http:
        person = http.get("customers/", params={"page_size": 1}).json()["results"][0]
        body = {
            "name": "while the post office sleeps", "channels": ["email"], "status": "ACTIVE",
            "trigger": {"kind": "event", "event_type": "customer.purchase"},
            "content": {"email": {"subject": "After the night", "body": "<p>Good morning</p>"}},
        }  # fmt: skip
        assert http.post("campaigns/", json=body).status_code == 201
        granted = http.put(
            f"customers/{person['id']}/consents/",
            json={"consents": [{"channel": "email", "purpose": "marketing", "is_granted": True}]},
        )
        assert granted.status_code == 200, granted.text
        assert world.kill("run_mail_catcher") > 0
        http.post("webhooks/customer-events/", json={"events": [purchase(1, person["customer_ref"], "night")]})

    def arrived() -> int:
        return sum(b"Subject: After the night" in p.read_bytes() for p in Path(world.run["mail_dir"]).glob("*/*"))

    wait_for("the mail", lambda: arrived() == 1)
    assert arrived() == 1


def test_stop__ctrl_c_after_all_that__leaves_nothing_running(world: Platform) -> None:
    """The last of this file: it ends the platform that the others used."""
    children = psutil.Process(world.process.pid).children(recursive=True)
    assert len(children) > 5
    run = json.loads((world.folder / "run.json").read_text())
    assert run["url"].startswith("http://127.0.0.1:")
    world.process.send_signal(signal.SIGINT)
    assert world.process.wait(60) == 0
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
