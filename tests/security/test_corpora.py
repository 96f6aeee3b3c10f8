"""Hostile corpora against real routes: what comes back is lawful or a refusal, never a fault and never a leak."""

import csv
import io
import os
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from loyalty.foundation.access.models import User
from loyalty.foundation.configuration.operations import testing
from loyalty.foundation.exchange import api as exchange
from loyalty.foundation.resilience import egress
from loyalty.foundation.work import api as work
from loyalty.ledger import api as ledger
from tests.gateways.world import NOW, V1
from tests.security import hostile
from tests.security.canary import watching
from tests.security.hostile import Slot
from tests.security.matrix.world import Sides, standing, undone
from tests.security.test_egress_urls import ONLY_PUBLIC, NameServer, rows

pytestmark = pytest.mark.django_db
# Cases of each corpus in the suite; more by hand: HOSTILE_CASES=20000 pytest tests/security/test_corpora.py -s
TESTED_EACH = 20
CASES = int(os.environ.get("HOSTILE_CASES", "400"))


@pytest.fixture(scope="module")
def sides(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Sides]:
    """The world, and the test client that answers with a fault instead of raising it."""
    with standing(django_db_blocker) as made:
        made.world.client.raise_request_exception = False
        yield made


def not_worked_out(answer: Any) -> list[str]:
    """Say where an expression was worked out."""
    faults = hostile.faults_of(answer)
    text = "" if getattr(answer, "streaming", False) else answer.content.decode("utf-8", "replace")
    return [*faults, "worked an expression out"] if hostile.WORKED_OUT in text else faults


Slots = Callable[[Sides], list[Slot]]
PLACES: dict[str, tuple[tuple[Slots, ...], Callable[[Any], list[str]]]] = {
    "sql": ((hostile.query_slots, hostile.body_slots), hostile.faults_of),
    "template": ((hostile.body_slots,), not_worked_out),
    "header": ((hostile.header_slots, hostile.query_slots, hostile.body_slots), hostile.faults_of),
    "path": ((hostile.path_slots, hostile.body_slots), hostile.faults_of),
    "unicode": ((hostile.query_slots, hostile.body_slots, hostile.path_slots), hostile.faults_of),
    "json_keys": ((hostile.key_slots,), hostile.faults_of),
    "json_bodies": ((hostile.raw_slots,), hostile.faults_of),
}


def cells_of(content: bytes) -> list[str]:
    """Give every cell of a CSV file as a spreadsheet reads it."""
    return [cell for row in csv.reader(io.StringIO(content.decode("utf-8"))) for cell in row]


def runs(cell: str) -> bool:
    """Tell whether a spreadsheet would take a cell for a formula: worked out apart from the product."""
    shown = unicodedata.normalize("NFKC", cell).lstrip(" \t\r\n\u200b\ufeff\u2060")
    return shown[:1] in ("=", "+", "-", "@") or cell[:1] in ("\t", "\r", "\n")


def test_formulas__through_every_file_that_leaves__are_texts(sides: Sides) -> None:
    client: Any = sides.world.client
    texts = hostile.read("formula")
    planted = 0
    with undone():
        for text in texts:
            # What others see of a caller without any right of theirs: the name of the browser, and a reason.
            agent = hostile.latin(text.replace("\r", "").replace("\n", ""))
            body = {"name": f"F {planted}", "kind": "static", "description": text}
            made = client.post(f"{V1}segments/", body, HTTP_USER_AGENT=agent)
            planted += made.status_code == 201
        out = io.StringIO()
        csv.writer(out).writerows(
            [["customer_ref", "points_balance", "wallet"], *([text, "x", text] for text in texts)]
        )
        sent = client.generic(
            "POST", f"{V1}pointsImports/?program={sides.mine.program}", out.getvalue().encode(),
            content_type="text/csv", HTTP_IDEMPOTENCY_KEY="formulas",
        )  # fmt: skip
        assert sent.status_code == 202, sent.content
        while work.execute_next(now=NOW):
            pass
        files: list[Any] = [
            client.get(f"{V1}auditLogs/export/"),
            client.get(f"{V1}pointsImports/{sent.json()['id']}/report/"),
        ]
        cells = [cells_of(b"".join(one.streaming_content)) for one in files]
    assert planted > len(texts) * 0.8
    assert [cell for file in cells for cell in file if runs(cell)] == []
    # They are there, each behind its apostrophe.
    assert all(sum(cell[:1] == "'" for cell in file) > 100 for file in cells)


def inner_urls(port: int) -> list[str]:
    """Give the addresses of inner systems, in all forms in which they have been hidden."""
    return [url.replace("{port}", str(port)) for _, url, addresses in rows() if not addresses]


def test_inner_urls__in_everything_that_takes_one__are_refused_and_no_packet_arrives(
    sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Webhooks, the operator's sign-in and a connector: saved or tried, nothing of it is called."""
    client, wrong = sides.world.client, []
    monkeypatch.setattr(testing.pace, "pause", lambda seconds: None)
    egress.use_resolver(NameServer())
    egress.provide_policy(lambda: ONLY_PUBLIC)
    try:
        with watching() as bird:
            for number, url in enumerate(inner_urls(bird.port)):
                body: dict[str, Any] = {"url": url, "description": "", "types": ["points.earned"]}
                places = [("webhookEndpoints/", body)]
                # A test of a connector is the same gate; a part of the addresses is enough there.
                if number % TESTED_EACH == 0:
                    places += [
                        ("config/oidc/test/", {"values": {"issuer": url, "client_id": "x"}}),
                        ("config/xiva/test/", {"values": {"base_url": url}}),
                    ]
                for address, sent in places:
                    with undone():
                        answer = client.post(f"{V1}{address}", sent)
                        faults = hostile.faults_of(answer)
                        if answer.status_code == 201:
                            faults += hostile.faults_of(client.post(f"{V1}{address}{answer.json()['id']}/test/"))
                            while exchange.send_one(now=NOW):
                                pass
                        if answer.status_code == 200 and answer.json().get("is_successful"):
                            faults.append("says that it was reached")
                    wrong += [f"{address} <- {ascii(url)}: {one}" for one in faults]
            assert bird.visits == 0
    finally:
        egress.provide_policy(None)
        egress.use_resolver(None)
    assert wrong == []


@pytest.mark.parametrize("corpus", PLACES)
def test_corpus__against_real_routes__is_answered_or_refused(
    corpus: str, sides: Sides, capsys: pytest.CaptureFixture[str]
) -> None:
    places, judge = PLACES[corpus]
    # The kinds of places alternate, so that each has its part of the cases.
    each = [kind(sides) for kind in places]
    slots = [kind[number % len(kind)] for number in range(max(map(len, each))) for kind in each]
    texts = [*hostile.read(corpus), *(hostile.GROWN if corpus in ("unicode", "json_bodies") else ())]
    users, wanted = User.objects.count(), max(CASES, len(texts))
    wrong = hostile.attack(texts, slots, wanted, judge)
    with capsys.disabled():
        print(f"\ncorpus {corpus}: {len(texts)} texts, {len({one.name for one in slots})} places, {wanted} cases, "
              f"{len(wrong)} wrong")  # fmt: skip
    assert wrong == []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert User.objects.count() == users
    assert [one.code for one in ledger.check_invariants(now=NOW) if one.violations] == []
