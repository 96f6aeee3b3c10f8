"""Files of members as people really have them: a hundred thousand lines, and everything that spreadsheets do."""

import io
import uuid
from datetime import datetime
from typing import Any

import pytest

from loyalty.customers import api as customers
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import public_id_of_ref
from loyalty.foundation.orm import sql
from loyalty.foundation.rules import api as rules
from loyalty.segments import api
from loyalty.segments.contracts import MatchReport
from loyalty.segments.errors import CustomerUnknown, UploadInvalid, UploadTooLarge
from loyalty.segments.models import Segment
from loyalty.segments.operations import uploading
from loyalty.segments.policy import bitmaps
from loyalty.segments.queries import membership, world

pytestmark = pytest.mark.django_db
CROWD = 2_000


@pytest.fixture
def crowd(db: None) -> list[str]:
    """Two thousand customers, by reference."""
    sql.execute(
        "INSERT INTO customers_customer (public_id, customer_ref, first_name, last_name, status, language, time_zone, "
        "city, gender, source) SELECT md5('c' || n)::uuid, 'C' || n, '', '', 'ACTIVE', 'en', 'UTC', '', '', 'test' "
        "FROM generate_series(1, %s) n",
        [CROWD],
    )
    return [f"C{number}" for number in range(1, CROWD + 1)]


@pytest.fixture
def segment(db: None, actor: Actor, now: datetime) -> Segment:
    """A static segment without members."""
    made = api.create(name="guests", description="", kind="static", rules=None, actor=actor, now=now)
    return Segment.objects.get(public_id=made)


def upload(segment: Segment, content: bytes, actor: Actor, now: datetime, column: str = "") -> MatchReport:
    """Upload a file."""
    return api.upload(segment=segment, file=io.BytesIO(content), column=column, actor=actor, now=now)


def member_count(segment: Segment) -> int:
    """Count the members as stored."""
    return bitmaps.count(membership.bits_of(segment))


def test_upload__hundred_thousand_lines__report_adds_up(
    segment: Segment, crowd: list[str], actor: Actor, now: datetime
) -> None:
    api.add_members(
        segment=segment,
        customer_ids=[customers.get_customer_by_ref(ref).id for ref in crowd[:100]],
        actor=actor,
        now=now,
    )
    lines = ["customer_ref,name"]
    lines += [f"{ref},known" for ref in crowd[:1_500]]
    lines += [f"{ref},again" for ref in crowd[:500]]
    lines += [f",nobody {number}" for number in range(2_000)]
    lines += [f"X{number},unknown" for number in range(96_000)]
    report = upload(segment, "\n".join(lines).encode(), actor, now)
    assert (report.lines, report.matched, report.duplicates, report.unmatched, report.invalid) == (
        *(100_000, 1_500, 500),
        *(96_000, 2_000),
    )
    assert report.matched + report.duplicates + report.unmatched + report.invalid == report.lines
    assert (report.added, report.already_members, member_count(segment)) == (1_400, 100, 1_500)
    assert len(report.unmatched_sample) == uploading.UNMATCHED_KEPT
    assert report.unmatched_sample[0] == {"line": 4_002, "value": "X0"}
    segment.refresh_from_db()
    assert segment.member_count == 1_500


def test_upload__customers_who_were_merged__are_whom_they_are_now(
    segment: Segment, crowd: list[str], actor: Actor, now: datetime
) -> None:
    gone, into = (customers.get_customer_by_ref(ref).id for ref in ("C1", "C2"))
    customers.merge(customer_id=gone, into_id=into, confirmation="C1", reason="one person", actor=actor, now=now)
    report = upload(segment, f"customer\nC1\n{gone}\nC3".encode(), actor, now)
    assert (report.matched, report.duplicates, report.unmatched, report.added) == (2, 1, 0, 2)
    assert membership.is_member(segment.public_id, into)
    assert upload(segment, b"customer\nC2", actor, now).added == 0


def test_upload__as_a_spreadsheet_writes_it__is_read_cell_by_cell(
    segment: Segment, crowd: list[str], actor: Actor, now: datetime
) -> None:
    known = customers.get_customer_by_ref("C2").id
    cells = [
        'Name;"Customer_Ref"',
        '"Smith; ""Jo""";C1',
        # A line break within quotes does not end the line.
        f'"two\r\nlines";{str(known).upper()}',
        f"same customer by reference;{crowd[1]}",
        'spaces;"  C3 "',
        "formula;=HYPERLINK(1)",
        "quote;\"O'Hara'); DROP TABLE customers_customer; --\"",
        "percent;%s %(line)s {}",
        "backslash;\\N",
        "tab;C\t4",
        "",
        f"long;{'9' * 101}",
    ]
    report = upload(segment, ("\ufeff" + "\r\n".join(cells) + "\r\n").encode(), actor, now)
    assert (report.column, report.matched, report.duplicates, report.unmatched, report.invalid, report.lines) == (
        *("Customer_Ref", 3, 1),
        *(5, 1, 10),
    )
    assert [one["value"] for one in report.unmatched_sample] == [
        *("=HYPERLINK(1)", "O'Hara'); DROP TABLE customers_customer; --", "%s %(line)s {}"),
        *("\\N", "C\t4"),
    ]
    assert member_count(segment) == 3


@pytest.mark.parametrize(
    "content",
    [
        "id\nZoë\n".encode("latin-1"),
        "id\nC1\n".encode("utf-16"),
        b"id\nC1\x00\n",
        b"\xef\xbb\xbf",
        b"   \r\n  ",
        b'id\n"' + b"x" * 200_000 + b"\n",
        b"\xed\xa0\x80\n",
    ],
    ids=["latin-1", "utf-16", "nul", "only a mark", "only blanks", "a quote that never ends", "half a character"],
)
def test_upload__no_readable_csv__is_refused_whole(
    segment: Segment, crowd: list[str], actor: Actor, now: datetime, content: bytes
) -> None:
    with pytest.raises(UploadInvalid):
        upload(segment, content, actor, now)
    assert member_count(segment) == 0


def test_upload__one_line_too_many__is_refused_and_adds_nobody(
    segment: Segment, crowd: list[str], actor: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "LINES_MAX", 3)
    assert upload(segment, b"id\nC1\n\nC2\nC3\n", actor, now).matched == 3
    with pytest.raises(UploadTooLarge):
        upload(segment, b"id\nC4\nC5\nC6\nC7\n", actor, now)
    assert member_count(segment) == 3


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_upload__any_line_ending_and_a_head_alone__are_read(
    segment: Segment, crowd: list[str], actor: Actor, now: datetime, ending: str
) -> None:
    report = upload(segment, ending.join(["id", "C1", "C2"]).encode(), actor, now)
    assert (report.lines, report.matched) == (2, 2)
    assert upload(segment, f"id{ending}".encode(), actor, now).lines == 0
    assert member_count(segment) == 2


def test_members__ten_thousand_by_hand__and_lists_of_ten_thousand_in_rules(
    segment: Segment, crowd: list[str], actor: Actor, now: datetime
) -> None:
    ids = [public_id_of_ref(f"nobody {number}") for number in range(10_000)]
    with pytest.raises(CustomerUnknown):
        api.add_members(segment=segment, customer_ids=ids, actor=actor, now=now)
    rows = sql.fetch_all("SELECT public_id FROM customers_directory")
    everybody: list[uuid.UUID] = [row["public_id"] for row in rows] * 5
    assert len(everybody) == 10_000
    assert api.add_members(segment=segment, customer_ids=everybody, actor=actor, now=now) == CROWD
    listed: Any = {"in": [{"bucket": ["salt", 10_000]}, list(range(10_000))]}
    with pytest.raises(rules.RuleInvalid) as refused:
        rules.check(listed, world.schema(), "boolean")
    assert [problem.code for problem in refused.value.problems] == ["rule.too_large"]
    rules.check({"in": [{"bucket": ["salt", 10]}, list(range(1_000))]}, world.schema(), "boolean")
