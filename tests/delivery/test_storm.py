"""A send while workers, mail server and broker are killed at random: everybody once, or listed as unknown.

Short in the suite. ``LOYALTY_PROOF_MESSAGES=200000 LOYALTY_PROOF_WORKERS=50`` makes it the long proof.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from loyalty.config.launch import ports
from loyalty.config.launch.programs import stand_in
from loyalty.delivery import api
from loyalty.delivery.kinds.email.channel import EmailChannel
from loyalty.delivery.models import Send
from loyalty.foundation.orm import sql
from tests.delivery.post import EVERYONE, open_message
from tests.delivery.test_killed import address_of_database

MESSAGES = int(os.environ.get("LOYALTY_PROOF_MESSAGES", "400"))
WORKERS = int(os.environ.get("LOYALTY_PROOF_WORKERS", "3"))
KILLS = {"kills": 2 * WORKERS + MESSAGES // 1_000, "peer_kills": 1 + MESSAGES // 20_000}
KILLS["broker_kills"] = KILLS["peer_kills"]
LINES = 1
FILL = (
    """
    INSERT INTO customers_customer (public_id, customer_ref, first_name, last_name, status, language, time_zone, city,
        gender, source)
    SELECT gen_random_uuid(), 'c-' || n, 'Name', 'Test', 'ACTIVE', 'en', 'UTC', '', '', 'tests'
    FROM generate_series(1, %(messages)s) n
    """,
    """
    INSERT INTO customers_contactpoint (customer_id, channel, address, is_primary)
    SELECT id, 'email', customer_ref || '@mail.test', true FROM customers_customer
    """,
    """
    INSERT INTO customers_consent (customer_id, channel, purpose, is_granted, source, changed_at)
    SELECT id, 'email', 'marketing', true, 'tests', now() FROM customers_customer
    """,
)


@dataclass(frozen=True)
class Outcome:
    """What the ledger says and what arrived."""

    arrived: Counter[str]
    sent: frozenset[str]
    unknown: frozenset[str]
    others: int

    def findings(self) -> list[str]:
        """Tell what must not be."""
        doubled = [address for address, times in self.arrived.items() if times > 1]
        lost = self.sent - set(self.arrived)
        unlisted = set(self.arrived) - self.sent - self.unknown
        told = {"doubled": len(doubled), "lost": len(lost), "unlisted": len(unlisted), "not ended": self.others}
        return [f"{name}: {count}" for name, count in told.items() if count]


def look(maildir: Path) -> Outcome:
    """Hold the ledger against the mails."""
    arrived: Counter[str] = Counter()
    for entry in os.scandir(maildir / "new"):
        with open(entry.path, "rb") as mail:
            mail.readline()
            arrived[mail.readline().decode().removeprefix("X-RcptTo:").strip()] += 1
    by_state = {
        state: frozenset(Send.objects.filter(state=state).values_list("address", flat=True))
        for state in ("SENT", "UNKNOWN")
    }
    others = Send.objects.exclude(state__in=["SENT", "UNKNOWN"]).count()
    return Outcome(arrived, by_state["SENT"], by_state["UNKNOWN"], others)


def send_in_the_storm(folder: Path, settings: Settings, *, fault: str = "") -> tuple[Outcome, dict[str, int]]:
    """Queue everybody, send while things die, and send the rest in calm."""
    now = datetime.now(UTC)
    for statement in FILL:
        sql.execute(statement, {"messages": MESSAGES})
    message = open_message(now)
    while not api.enqueue_chunk(message_id=message.id, audience=EVERYONE, now=now).is_complete:
        pass
    sql.execute("ANALYZE")
    port, broker = ports.find_free(), ports.find_free()
    catcher = stand_in("run_mail_catcher", "--maildir", str(folder), "--port", str(port))
    told = {
        "workers": WORKERS, **KILLS, "messages": MESSAGES, "seed": 7, "fault": fault, "maildir": str(folder),
        "port": port, "broker_port": broker, "peer": catcher,
    }  # fmt: skip
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "loyalty.config.settings.test",
        "DATABASE_URL": address_of_database(),
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(port),
        "REDIS_URL": f"redis://127.0.0.1:{broker}/0",
        "LOYALTY_SENDER_LINES": str(LINES),
    }
    command = [sys.executable, "-m", "tests.delivery.storm_workers"]
    done = subprocess.run(
        command, input=json.dumps(told), env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    # The leases of the dead are over.
    later = datetime.now(UTC) + timedelta(minutes=20)
    if fault == "repeats":
        Send.objects.filter(state="SENDING").update(state="QUEUED", claim=None)
    api.give_up_unknown(now=later)
    Send.objects.filter(state="QUEUED").update(due_at=now)
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    with subprocess.Popen(catcher, stdout=subprocess.PIPE, text=True, env=environment) as peer:
        assert peer.stdout is not None
        peer.stdout.readline()
        while api.send_due(channel="email", now=later).claimed:
            pass
        peer.kill()
    died: dict[str, int] = json.loads(done.stdout)
    return look(folder), died


@pytest.mark.slow
@pytest.mark.timeout(7_200)
@pytest.mark.django_db(transaction=True)
def test_send__workers_mail_server_and_broker_killed__everybody_once_or_unknown(
    tmp_path: Path, settings: Settings
) -> None:
    outcome, died = send_in_the_storm(tmp_path, settings)
    print(f"{died} died; {len(outcome.sent)} sent, {len(outcome.unknown)} unknown, {outcome.findings()}")
    assert outcome.findings() == []
    assert len(outcome.sent) + len(outcome.unknown) == MESSAGES
    # A killed worker leaves a window of each line, a killed server the message under way on each line.
    worst = (died["worker"] + WORKERS) * LINES * EmailChannel.window + died["peer"] * WORKERS * LINES
    assert len(outcome.unknown) <= worst
    assert died == {"worker": KILLS["kills"], "peer": KILLS["peer_kills"], "broker": KILLS["broker_kills"]}


@pytest.mark.slow
@pytest.mark.skipif(MESSAGES > 10_000, reason="the planted faults show in the short run")
@pytest.mark.parametrize(("fault", "found"), [("repeats", "doubled"), ("marks_first", "lost")])
@pytest.mark.django_db(transaction=True)
def test_send__fault_planted__is_found_by_the_same_look(
    tmp_path: Path, settings: Settings, fault: str, found: str
) -> None:
    outcome, _ = send_in_the_storm(tmp_path, settings, fault=fault)
    assert any(finding.startswith(found) for finding in outcome.findings()), outcome
