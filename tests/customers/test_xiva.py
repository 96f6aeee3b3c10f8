"""Customers from Xiva: the client and the import against the simulator, with every fault it can show."""

import io
import json
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from loyalty.customers import api
from loyalty.customers.kinds.xiva.client import XivaClient
from loyalty.customers.kinds.xiva.simulator.server import Simulator
from loyalty.customers.kinds.xiva.simulator.world import World
from loyalty.customers.models import Consent, ContactPoint, Customer
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import Unavailable
from loyalty.foundation.kernel.ids import public_id_of_ref
from loyalty.foundation.resilience.breaker import Breaker
from loyalty.foundation.work import api as work
from loyalty.foundation.work.models import Run, RunStatus
from loyalty.population import api as population
from tests.conftest import ClientWith

DAY = date(2026, 11, 20)
PEOPLE = population.PopulationDescription(as_of=DAY, seed=3, customers=1234)
Order = Callable[..., dict[str, Any]]


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    """A Xiva of 1,234 people on a free port."""
    running = Simulator(0, World(PEOPLE, tmp_path, DAY), "khaywe", "secret").start()
    yield running
    running.stop()


@pytest.fixture
def order(simulator: Simulator) -> Order:
    """Order faults over HTTP, as anybody would."""

    def send(**faults: Any) -> dict[str, Any]:
        answer = httpx.post(f"{simulator.url}/simulator/faults/", json=faults)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    return send


@pytest.fixture
def waits() -> list[float]:
    """The waits that the client took, none of which is really waited."""
    return []


@pytest.fixture
def client(simulator: Simulator, waits: list[float]) -> Iterator[XivaClient]:
    """A client with the right credentials."""
    built = XivaClient(simulator.url, "khaywe", "secret", sleep=waits.append)
    # A breaker is shared by its address, and a free port may have been another test's.
    Breaker(f"xiva:{simulator.url}", counts=lambda fault: False).reset()
    yield built
    built.close()


@pytest.fixture
def configured(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    """Point the platform at the simulator."""
    monkeypatch.setattr(settings, "XIVA_API_BASE_URL", simulator.url)
    monkeypatch.setattr(settings, "XIVA_API_USERNAME", "khaywe")
    monkeypatch.setattr(settings, "XIVA_API_PASSWORD", "secret")
    return simulator


def refs(client: XivaClient, page_size: int = 500) -> list[str]:
    """Read all customers; give their references."""
    return [one.id for page, _ in client.pages(page_size) for one in page]


def test_pages__all__everyone_once_in_order(client: XivaClient) -> None:
    assert refs(client) == [f"XV-{number:08d}" for number in range(1, 1235)]


@pytest.mark.parametrize(
    "fault",
    [{"fail_next": 3}, {"drop_next": 3}, {"too_many_next": 4, "retry_after_s": 7}, {"fail_next": 1, "drop_next": 2}],
)
def test_pages__passing_faults__waited_out_and_complete(
    client: XivaClient, order: Order, waits: list[float], fault: dict[str, int]
) -> None:
    order(**fault)
    assert len(refs(client)) == 1234
    asked = fault.get("too_many_next", 0)
    assert len(waits) == asked or not asked
    assert all(7 <= one < 31 for one in waits) or not asked


def test_pages__token_expires_midway__renewed_without_signing_in_again(client: XivaClient, order: Order) -> None:
    pages = client.pages(500)
    assert len(next(pages)[0]) == 500
    order(expire_tokens=True)
    assert sum(len(page) for page, _ in pages) == 734
    counts = order()["counts"]
    assert (counts["sign_in"], counts["refresh"]) == (1, 1)


def test_pages__tokens_that_live_no_time__refused_not_looped(client: XivaClient, order: Order) -> None:
    order(token_seconds=0)
    with pytest.raises(api.BssCredentialsRefused):
        refs(client)


def test_client__wrong_password__refused(simulator: Simulator, waits: list[float]) -> None:
    with pytest.raises(api.BssCredentialsRefused):
        refs(XivaClient(simulator.url, "khaywe", "wrong", sleep=waits.append))


@pytest.mark.parametrize("fault", ["garbage_next", "wrong_shape_next", "huge_next"])
def test_pages__hostile_answer__refused_by_shape_or_size(client: XivaClient, order: Order, fault: str) -> None:
    client.measure()
    order(**{fault: 1})
    with pytest.raises(api.BssAnswerInvalid):
        refs(client)


def test_client__down_for_long__gives_up_then_leaves_it_alone(
    client: XivaClient, order: Order, waits: list[float]
) -> None:
    order(fail_next=1000)
    with pytest.raises(api.BssUnavailable):
        client.measure()
    assert client.breaker_state == "open"
    before = order()["counts"]["500"]
    with pytest.raises(api.BssUnavailable, match="left alone"):
        client.measure()
    assert order()["counts"]["500"] == before


def test_client__slow_answer__taken_as_it_comes(client: XivaClient, order: Order) -> None:
    order(delay_ms=150)
    assert client.measure() >= 150


def test_client__called_too_fast__told_so_and_waits(client: XivaClient, order: Order, waits: list[float]) -> None:
    order(requests_per_second=1)
    with pytest.raises(Unavailable):
        refs(client, page_size=10)
    assert waits


def test_client__nobody_there__unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        away = XivaClient(f"http://127.0.0.1:{taken.getsockname()[1]}", "a", "b", sleep=lambda _: None)
        with pytest.raises(api.BssUnavailable):
            away.measure()


@pytest.mark.django_db
def test_import__all_customers__with_contacts_and_consents(configured: Simulator, actor: Actor, now: datetime) -> None:
    seen: list[tuple[int, int]] = []
    result = api.import_from_xiva(actor=actor, now=now, report=lambda done, total: seen.append((done, total)))
    assert result == api.UpsertReport(created=1234)
    assert seen == [(0, 0), (500, 1234), (1000, 1234), (1234, 1234)]
    people = {one.ref: one for one in population.open_population(PEOPLE).people()}
    assert Customer.objects.count() == ContactPoint.objects.filter(channel="email").count() == len(people)
    allowed = Consent.objects.filter(channel="email", purpose="marketing", is_granted=True).count()
    assert allowed == sum(one.allows_email for one in people.values())
    first = Customer.objects.get(customer_ref="XV-00000001")
    person = people["XV-00000001"]
    assert first.public_id == person.id == public_id_of_ref("XV-00000001")
    assert (first.first_name, first.city, first.birth_date) == (person.first_name, person.city, person.birth_date)
    again = api.import_from_xiva(actor=actor, now=now)
    assert again == api.UpsertReport(unchanged=1234)


@pytest.mark.django_db
def test_import__as_a_run__tells_its_progress_and_result(
    configured: Simulator, client_with: ClientWith, now: datetime
) -> None:
    started = client_with("customers.import").post("/api/loyalty/v1/customers/import/")
    assert started.status_code == 202
    assert work.execute_next(now=now)
    run = Run.objects.get(public_id=started.json()["run"]["id"])
    assert (run.status, run.result) == (RunStatus.SUCCEEDED, asdict(api.UpsertReport(created=1234)))
    assert client_with("customers.view").post("/api/loyalty/v1/customers/import/").status_code == 403


@pytest.mark.django_db
def test_import__xiva_breaks_off__what_was_taken_in_stays_and_the_run_says_why(
    configured: Simulator, order: Order, actor: Actor, now: datetime
) -> None:
    work.start(
        kind=api.IMPORT_RUN_KIND, subject_kind="customer_source", subject_ref="xiva", params={}, actor=actor, now=now
    )

    def break_after_first(done: int, total: int) -> None:
        if done == 500:
            order(wrong_shape_next=1)

    with pytest.raises(api.BssAnswerInvalid):
        api.import_from_xiva(actor=actor, now=now, report=break_after_first)
    assert Customer.objects.count() == 500
    order(wrong_shape_next=1)
    work.execute_next(now=now)
    run = Run.objects.get()
    assert run.error is not None
    assert (run.status, run.error["code"]) == (RunStatus.FAILED, "bss.answer_invalid")


@pytest.mark.django_db
def test_command__imports_or_says_why_not(configured: Simulator, order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    call_command("import_customers", stdout=out)
    assert "1,234 created" in out.getvalue()
    monkeypatch.setattr(settings, "XIVA_API_BASE_URL", "")
    with pytest.raises(CommandError, match="XIVA_API_BASE_URL") as refusal:
        call_command("import_customers", stdout=out)
    assert refusal.value.returncode == 2


@pytest.mark.parametrize(
    ("path", "has"),
    [
        ("XV-00000007/", "givenName"),
        ("XV-00000007/360/services/", "services"),
        ("XV-00000007/360/usage/", "data_gb"),
        ("XV-00000007/context/", "overview"),
        ("XV-00000007/products/", "results"),
        ("XV-00000007/billing-accounts/", "results"),
        ("?limit=2&offset=5", "results"),
        ("?search=XV-00000009", "results"),
    ],
)
def test_external_routes__pass_on_what_xiva_says(
    configured: Simulator, client_with: ClientWith, path: str, has: str
) -> None:
    address = f"/api/external/xiva/customers/{path}"
    answer = client_with("customers.view", "customers.view_pii").get(address)
    assert answer.status_code == 200
    assert answer.json()[has] not in (None, [])
    masked = client_with("customers.view").get(address)
    if "search" in path:
        assert (masked.status_code, masked.json()["permission"]) == (403, "customers.view_pii")
    else:
        assert masked.status_code == 200
        names = set(re.findall(r'"(?:givenName|familyName|email|phone)":"([^"]+)"', answer.content.decode()))
        assert not [name for name in names if name in masked.content.decode()]


def test_external_routes__by_our_id_too__and_404_400_403(
    configured: Simulator, client_with: ClientWith, actor: Actor, now: datetime
) -> None:
    api.import_from_xiva(actor=actor, now=now)
    client = client_with("customers.view")
    base = "/api/external/xiva/customers/"
    assert client.get(f"{base}{public_id_of_ref('XV-00000007')}/").json()["id"] == "XV-00000007"
    missing = client.get(f"{base}nobody/")
    assert (missing.status_code, missing.json()["code"]) == (404, "customer.not_found")
    assert client.get(f"{base}%2e%2e%2fauth/").status_code == 404
    assert client.get(f"{base}?limit=0").status_code == 400
    assert client_with("segments.view").get(base).status_code == 403


def test_external_test__reachable_down_and_unconfigured(
    configured: Simulator, order: Order, client_with: ClientWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_with("customers.view")
    found = client.get("/api/external/xiva/test/").json()
    assert (found["is_reachable"], found["breaker_state"]) == (True, "closed")
    monkeypatch.setattr(settings, "XIVA_API_PASSWORD", "wrong")
    assert client.post("/api/loyalty/v1/xiva/test/").json()["code"] == "bss.credentials_refused"
    monkeypatch.setattr(settings, "XIVA_API_BASE_URL", "")
    assert client.get("/api/external/xiva/test/").json()["code"] == "bss.not_configured"
    assert client.get("/api/external/xiva/customers/").status_code == 503


def test_simulator__every_promised_path__answers_with_a_token_only(simulator: Simulator) -> None:
    http = httpx.Client(base_url=simulator.url)
    paths = [
        "/customerManagement/v4/customer/",
        "/customerManagement/v4/customer/XV-00000001/",
        *(f"/customerManagement/v4/customers/XV-00000001/360/{part}/" for part in
          ("overview", "services", "usage", "financial", "complete")),
        "/productOrdering/v5/customerProductInstances/?customer_id=XV-00000001",
        "/productInventoryManagement/v5/product/?customer=XV-00000001",
        "/usageManagement/v4/ratedProductUsage/?customer_id=XV-00000001",
        "/usageManagement/v4/usageRecord/?customer_id=XV-00000001",
        "/customerManagement/v4/customerAccount/?customer_id=XV-00000001",
        "/productCatalogManagement/v5/productOffering/",
    ]  # fmt: skip
    tokens = http.post("/auth/token/", json={"username": "khaywe", "password": "secret"}).json()
    head = {"Authorization": f"Bearer {tokens['access']}"}
    for path in paths:
        assert http.get(path).status_code == 401
        answer = http.get(path, headers=head)
        assert (answer.status_code, bool(answer.json())) == (200, True), path
    assert len(tokens["access"].split(".")) == 3
    assert http.get(paths[0], headers={"Authorization": f"Bearer {tokens['refresh']}"}).status_code == 401
    assert http.get(f"{paths[0]}?limit=x", headers=head).status_code == 400
    assert http.post("/auth/token/", content=b"{").status_code == 400
    assert http.post("/simulator/faults/", json={"explode": 1}).status_code == 400
    http.close()


def test_simulator__without_options__follows_the_data_folder(tmp_path: Path) -> None:
    people = World(None, tmp_path, DAY)
    assert people.people.count == 1000
    population.save_description(population.PopulationDescription(as_of=DAY, seed=1, customers=5), tmp_path)
    assert people.people.count == 5
    path = tmp_path / "c.csv"
    path.write_text("id,city\nA-1,Tyre\n", encoding="utf-8")
    described = population.PopulationDescription(as_of=DAY, seed=1, customers_file=str(path), id_column="id")
    population.save_description(described, tmp_path)
    found = people.find("A-1")
    assert found is not None
    path.unlink()
    assert json.loads((tmp_path / population.FILE_NAME).read_text())["id_column"] == "id"
    assert found.city == "Tyre"
