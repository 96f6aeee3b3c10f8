"""Migration in: files as they are read, rows as they are taken in, and tries that stop half way."""

import io
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from loyalty.customers import api as customers
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work
from loyalty.ledger import api as ledger
from loyalty.points import api, queries
from loyalty.points.models import MemberImport
from loyalty.points.operations import importing
from loyalty.programs import api as programs
from tests.conftest import ClientWith
from tests.points.world import ACTOR, World, assert_ledger_holds, count_transactions, make_world

pytestmark = pytest.mark.django_db
IMPORTS = "/api/loyalty/v1/pointsImports/"
FILE = """customer_ref,first_name,email,enrolled_on,tier_code,points_balance,expires_on
BSS-1,Ana,ana@example.com,2021-05-04,GOLD,1200,2027-03-31
BSS-1,Ana,ana@example.com,2021-05-04,GOLD,300,2027-06-30
BSS-2,Bo,,2024-02-29,,0,
BSS-3,"Chen, Li",,,SILVER,50,
"""


@pytest.fixture
def world(now: datetime) -> World:
    """A program whose points last a year."""
    return make_world(now, expiry_days=365)


def stage(world: World, text: str, key: str = "k") -> MemberImport:
    """Read a file."""
    file = io.BytesIO(text.encode())
    made, _ = api.stage_import(
        program_id=world.program_id, file=file, file_name="members.csv", key=key, actor=ACTOR, now=world.now
    )
    return made


def take_in(world: World, text: str, key: str = "k") -> api.ImportReport:
    """Read a file and take its rows in."""
    return api.apply_import(import_id=stage(world, text, key).public_id, actor=ACTOR, now=world.now)


def member_of(world: World, ref: str) -> api.MemberFacts:
    """Find a member by reference."""
    customer = customers.find_customer(customer_ref=ref)
    assert customer is not None
    found = api.find_member(customer_id=customer.id, program_id=world.program_id)
    assert found is not None
    return found


def codes(made: MemberImport) -> list[str]:
    """Give what became of the rows."""
    return [row["code"] for row in queries.list_import_results(made)]


@pytest.fixture
def clock_of_the_world(world: World) -> Iterator[None]:
    """Let the platform's clock stand where the world's does: the dates of the file lie ahead, whenever this runs."""
    with clock.use(clock.FixedClock(world.now)):
        yield


def test_import__members_with_lots__join_on_their_day_in_their_tier(world: World) -> None:
    report = take_in(world, FILE)
    assert (report.rows_total, report.rows_imported, report.rows_refused) == (4, 4, 0)
    assert (report.customers_created, report.members_enrolled, report.points_imported) == (3, 3, 1550)
    ana, chen = member_of(world, "BSS-1"), member_of(world, "BSS-3")
    assert (ana.points_posted, ana.tier_code, ana.enrolled_at.date()) == (1500, "GOLD", date(2021, 5, 4))
    lots = ledger.list_lots(ana.account_id)
    assert [(lot.points_remaining, lot.expires_at and lot.expires_at.isoformat()) for lot in lots] == [
        (1200, "2027-03-31T22:00:00+00:00"),
        (300, "2027-06-30T22:00:00+00:00"),
    ]
    assert (chen.points_posted, chen.tier_code) == (50, "SILVER")
    assert (
        ledger.list_lots(chen.account_id)[0].expires_at
        == programs.expiry_of(programs.get_plan(world.program_id, at=world.now), world.now)[0]
    ), "without a day of its own as long as points earned today"
    assert member_of(world, "BSS-2").points_posted == 0
    assert customers.get_customer_by_ref("BSS-3").first_name == "Chen, Li"
    assert_ledger_holds(world.now)


def test_import__bad_rows__are_refused_one_by_one(world: World) -> None:
    text = """customer_ref;points_balance;expires_on;tier_code;enrolled_on;wallet
;10;;;;
BSS-1;-5;;;;
BSS-2;1.5;;;;
BSS-3;NaN;;;;
BSS-4;10000000000000;;;;
BSS-5;10;2027-02-30;;;
BSS-6;10;2020-01-01;;;
BSS-7;10;;PLATINUM;;
BSS-8;10;;;2027-01-01;
BSS-9;10;;;;gems
BSS-10;10;;;;
"""
    made = stage(world, text)
    report = api.apply_import(import_id=made.public_id, actor=ACTOR, now=world.now)
    assert codes(made) == [
        "import.customer_ref_invalid",
        *["import.points_invalid"] * 4,
        "import.expires_on_invalid",
        "import.expired",
        "import.tier_unknown",
        "import.enrolled_on_invalid",
        "wallet.unknown",
        "",
    ]
    assert (report.rows_imported, report.rows_refused, report.customers_created) == (1, 10, 1)
    assert count_transactions() == 1
    assert customers.find_customer(customer_ref="BSS-9") is None


def test_import__known_customers_and_members__stay_as_they_are(world: World) -> None:
    member = world.member("BSS-1")
    world.earn(member, points=10)
    report = take_in(world, FILE)
    assert (report.customers_created, report.members_enrolled) == (2, 2)
    again = member_of(world, "BSS-1")
    assert (again.account_id, again.points_posted, again.tier_code) == (member.account_id, 1510, "BRONZE")
    assert customers.get_customer_by_ref("BSS-1").first_name == ""


def test_import__account_that_takes_nothing__is_refused_with_the_ledgers_code(world: World) -> None:
    member = world.member("BSS-3")
    ledger.close_account(account_id=member.account_id, reason="", actor=ACTOR, now=world.now)
    made = stage(world, FILE)
    report = api.apply_import(import_id=made.public_id, actor=ACTOR, now=world.now)
    assert codes(made) == ["", "", "", "account.not_active"]
    assert (report.rows_imported, report.rows_refused, report.points_imported) == (3, 1, 1500)


def test_import__stopped_half_way__goes_on_behind_what_is_done(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "CHUNK_ROWS", 1)
    made = stage(world, FILE)

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        api.apply_import(import_id=made.public_id, actor=ACTOR, now=world.now, report=stop)
    assert (queries.get_import(made.public_id).rows_done, count_transactions()) == (2, 2)
    report = api.apply_import(import_id=made.public_id, actor=ACTOR, now=world.now)
    assert (report.rows_imported, report.points_imported, count_transactions()) == (4, 1550, 3)
    again = api.apply_import(import_id=made.public_id, actor=ACTOR, now=world.now)
    assert (again, count_transactions()) == (report, 3)


def test_import__same_key__is_one_import_and_another_file_is_refused(world: World) -> None:
    first = stage(world, FILE)
    assert stage(world, FILE).public_id == first.public_id
    with pytest.raises(ledger.IdempotencyKeyReused):
        stage(world, FILE + "BSS-9,,,,,1,\n")
    assert MemberImport.objects.count() == 1


@pytest.mark.parametrize(
    "text, told",
    [
        ("", "names the columns"),
        ("name,points_balance\nx,1\n", "names the columns"),
        ("customer_ref,customer_ref\nx,1\n", "names the columns"),
        ("customer_ref,secret\nx,1\n", "names the columns"),
        ("customer_ref,points_balance\n", "no rows"),
        ("customer_ref,points_balance\nBSS-1,1\nBSS-2\n", "Line 3"),
        ("customer_ref,points_balance\nBSS-1,1,2\n", "Line 2"),
        ('customer_ref,points_balance\n"BSS-1,1\n', "Line"),
        ("customer_ref\nBSS\x00-1\n", "Line 2"),
    ],
)
def test_import__no_file_of_members__is_refused_whole(world: World, text: str, told: str) -> None:
    with pytest.raises(api.ImportFileInvalid) as refusal:
        stage(world, text)
    assert told in refusal.value.detail
    assert MemberImport.objects.count() == 0


def test_import__not_utf_8__is_refused_whole(world: World) -> None:
    with pytest.raises(Refusal):
        api.stage_import(
            program_id=world.program_id,
            file=io.BytesIO(b"customer_ref\nB\xff\n"),
            file_name="",
            key="k",
            actor=ACTOR,
            now=world.now,
        )


@pytest.mark.usefixtures("clock_of_the_world")
def test_import__as_a_run__tells_how_far_and_what(world: World) -> None:
    made, is_new = api.start_import(
        program_id=world.program_id,
        file=io.BytesIO(FILE.encode()),
        file_name="members.csv",
        key="k",
        actor=ACTOR,
        now=world.now,
    )
    assert is_new
    assert work.execute_next(now=clock.now())
    run = work.find_latest_run(importing.RUN_KIND, str(made.public_id))
    assert run is not None and run.status == "SUCCEEDED"
    assert (run.done, run.total) == (4, 4)
    assert run.result is not None and run.result["points_imported"] == 1550


@pytest.mark.usefixtures("clock_of_the_world")
def test_command__file__is_taken_in_and_reported(world: World, tmp_path: Path) -> None:
    file, report = tmp_path / "members.csv", tmp_path / "report.csv"
    file.write_text(FILE + "BSS-4,,,,NONE,1,\n", encoding="utf-8")
    code = programs.get_plan(world.program_id, at=world.now).code
    out = io.StringIO()
    call_command("import_members", str(file), "--program", code, "--report", str(report), stdout=out)
    assert "4 imported, 1 refused" in out.getvalue()
    lines = report.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("row,customer_ref") and len(lines) == 6
    assert lines[5].startswith("5,BSS-4,main,1,import.tier_unknown")
    with pytest.raises(CommandError):
        call_command("import_members", str(tmp_path / "missing.csv"), "--program", code)
    with pytest.raises(CommandError):
        call_command("import_members", str(file), "--program", "NOBODY")


def upload(client: APIClient, world: World, text: str, key: str | None = "k-1", **query: str) -> Any:
    """Send a file."""
    headers = {"Idempotency-Key": key} if key else {}
    query = {"program": str(world.program_id), "file_name": "members.csv"} | query
    return client.post(IMPORTS, text.encode(), content_type="text/csv", headers=headers, query_params=query)


@pytest.mark.usefixtures("clock_of_the_world")
def test_rest__file__is_accepted_once_and_its_results_are_told(admin_client: APIClient, world: World) -> None:
    answer = upload(admin_client, world, FILE + "BSS-4,=1+1,,,NONE,1,\n")
    told = answer.json()
    assert answer.status_code == 202, told
    assert (told["rows_total"], told["rows_done"], told["file_name"]) == (5, 0, "members.csv")
    again = upload(admin_client, world, FILE + "BSS-4,=1+1,,,NONE,1,\n")
    assert (again.status_code, again.json()["id"], again["Idempotent-Replayed"]) == (200, told["id"], "true")
    assert upload(admin_client, world, FILE).status_code == 422
    assert admin_client.get(f"/api/loyalty/v1/runs/{told['run_id']}/").json()["status"] == "PENDING"
    work.execute_next(now=clock.now())
    done = admin_client.get(f"{IMPORTS}{told['id']}/").json()
    assert (done["rows_done"], done["rows_imported"], done["rows_refused"]) == (5, 4, 1)
    page = admin_client.get(f"{IMPORTS}{told['id']}/results/", {"page_size": "2"}).json()
    assert ([row["row"] for row in page["results"]], page["count"]) == ([1, 2], 5)
    following = admin_client.get(page["next"]).json()
    assert [row["row"] for row in following["results"]] == [3, 4]
    refused = admin_client.get(f"{IMPORTS}{told['id']}/results/", {"only": "refused"}).json()
    assert [(row["row"], row["code"]) for row in refused["results"]] == [(5, "import.tier_unknown")]
    report = admin_client.get(f"{IMPORTS}{told['id']}/report/")
    lines = b"".join(report.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert report["Content-Type"].startswith("text/csv") and len(lines) == 6
    assert [one["id"] for one in admin_client.get(IMPORTS).json()["results"]] == [told["id"]]


def test_rest__bad_calls__are_refused(admin_client: APIClient, client_with: ClientWith, world: World) -> None:
    assert upload(admin_client, world, FILE, None).json()["code"] == "idempotency.key_missing"
    bad = upload(admin_client, world, "nothing\n1\n")
    assert (bad.status_code, bad.json()["code"]) == (400, "import.file_invalid")
    assert upload(admin_client, world, FILE, program="x").json()["code"] == "filter.invalid"
    unknown = upload(admin_client, world, FILE, program="0190a0a0-0000-7000-8000-000000000000")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "program.not_found")
    empty = admin_client.post(f"{IMPORTS}?program={world.program_id}", headers={"Idempotency-Key": "e"})
    assert (empty.status_code, empty.json()["code"]) == (400, "import.file_invalid")
    json_body = admin_client.post(IMPORTS, {"file": "x"}, headers={"Idempotency-Key": "k"})
    assert json_body.status_code == 415
    assert upload(client_with("points.view"), world, FILE).status_code == 403
    assert MemberImport.objects.count() == 0


def test_rest__file_beyond_the_limit__is_refused(admin_client: APIClient, world: World, settings: Any) -> None:
    settings.LOYALTY_IMPORT_BYTES_MAX = 1000
    answer = upload(admin_client, world, FILE + "BSS-9,,,,,1,\n" * 100)
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")


@pytest.mark.django_db(transaction=True)
def test_import__slow_sender__holds_up_nobodys_events(world: World) -> None:
    class Slow(io.BytesIO):
        """A file that looks, with each block, whether anybody waits for us."""

        def read(self, size: int | None = -1, /) -> bytes:
            """Read, while our transaction has written nothing."""
            (row,) = sql.fetch_all("SELECT pg_current_xact_id_if_assigned() IS NULL AS is_idle")
            assert row["is_idle"]
            return super().read(size)

    made, is_new = api.stage_import(
        program_id=world.program_id, file=Slow(FILE.encode()), file_name="slow.csv", key="slow", actor=ACTOR,
        now=world.now,
    )  # fmt: skip
    assert (made.rows_total, is_new) == (4, True)
