"""People of a CSV file, friendly and hostile."""

import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.foundation.rules.contracts import FieldType
from loyalty.population import api
from loyalty.population.kinds.csv_file import column_names, snake_case
from tests.population.files import TELCO, needs_telco


def read(path: Path, text: str | bytes, id_column: str = "id") -> api.Population:
    """Open a file of this content."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    description = api.PopulationDescription(
        as_of=date(2026, 11, 20), seed=1, customers_file=str(path), id_column=id_column
    )
    return api.open_population(description)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A place for a file."""
    return tmp_path / "customers.csv"


@needs_telco
def test_telco_file__loads_whole() -> None:
    description = api.PopulationDescription(
        as_of=date(2026, 11, 20), seed=1, customers_file=str(TELCO), id_column="customerID"
    )
    people = api.open_population(description)
    types = {column.name: column.type for column in people.columns}
    assert (people.count, people.problems, len(people.columns)) == (7043, (), 20)
    assert types["senior_citizen"] == types["churn"] == types["paperless_billing"] == FieldType.BOOLEAN
    assert types["total_charges"] == types["monthly_charges"] == FieldType.DECIMAL
    assert (types["tenure"], types["streaming_tv"]) == (FieldType.INTEGER, FieldType.TEXT)
    position = [column.name for column in people.columns].index("total_charges")
    assert sum(person.values[position] is None for person in people.people()) == 11
    first = next(people.people())
    assert (first.ref, first.gender, first.tenure_months, str(first.monthly_charges)) == (
        "7590-VHVEG",
        "Female",
        1,
        "29.85",
    )
    assert first.churned_on is None


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("customerID", "customer_id"),
        ("StreamingTV", "streaming_tv"),
        ("Total Charges ($)", "total_charges"),
        ("HTTPServerName", "http_server_name"),
        ("Größe", "groe"),
        ("2nd line", "c_2nd_line"),
        ("!!!", ""),
        ("x" * 100, "x" * 60),
    ],
)
def test_snake_case__any_title__can_be_a_column(title: str, name: str) -> None:
    assert snake_case(title) == name


def test_column_names__clashes__each_gets_its_own() -> None:
    header = ["Customer ID", "Updated At", "Name", "name", "NAME", "?"]
    assert column_names(header) == ["customer_id_in_file", "updated_at_in_file", "name", "name_2", "name_3", "column_6"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "20", ""], FieldType.INTEGER),
        (["1", "2.5"], FieldType.DECIMAL),
        (["Yes", "no", ""], FieldType.BOOLEAN),
        (["0", "1", "0"], FieldType.BOOLEAN),
        (["0", "1", "2"], FieldType.INTEGER),
        (["1", "1"], FieldType.INTEGER),
        (["Yes", "No", "Maybe"], FieldType.TEXT),
        (["007", "008"], FieldType.TEXT),
        (["2026-01-31", "2026-02-28"], FieldType.DATE),
        (["2026-01-31", "2026-02-30"], FieldType.TEXT),
        (["2026-01-31T10:00:00+02:00", ""], FieldType.DATETIME),
        (["", ""], FieldType.TEXT),
        (["1e5", "2"], FieldType.TEXT),
        (["99999999999999999999999"], FieldType.TEXT),
        (["٣", "٤"], FieldType.TEXT),
        (["2026-W01-1"], FieldType.TEXT),
        (["2026-01-31T10:00:00+23:00"], FieldType.TEXT),
        (["2026-01-31 10:00"], FieldType.TEXT),
        (["NaN", "1"], FieldType.TEXT),
    ],
)
def test_types__inferred__the_narrowest_that_holds_all(file: Path, values: list[str], kind: FieldType) -> None:
    rows = "\n".join(f"c{number},{value}" for number, value in enumerate(values))
    assert read(file, f"id,value\n{rows}\n").columns[0].type is kind


def test_rows__bad_among_good__told_by_line_and_left_out(file: Path) -> None:
    text = (
        b"id,name,age\n"          # 1
        b"a,Ann,30\n"             # 2
        b"b,Ben\n"                # 3 too few
        b"c,Cid,1,2\n"            # 4 too many
        b",Dan,5\n"               # 5 no id
        b"a,Again,6\n"            # 6 twice
        b"e,\xff\xfe,7\n"         # 7 not UTF-8
        b'f,"Two\nlines",8\n'     # 8-9 fine
        b'g,"open,9\n'            # 10 never closed
        b"h,Hal,10\n"             # 11
        b"\n"                     # 12 blank
        b"i,N\x00L,11\n"          # 13 NUL
        b'j,"a"b,12\n'            # 14 rubbish after a quote
        b"k,Kim,13"               # 15 no line end
    )  # fmt: skip
    people = read(file, text)
    assert [one.ref for one in people.people()] == ["a", "f", "h", "k"]
    assert [problem.line for problem in people.problems] == [3, 4, 5, 6, 7, 10, 13, 14]
    assert "UTF-8" in people.problems[4].reason
    assert people.columns[1].type is FieldType.INTEGER


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"just one line of prose", b"\x89PNG\r\n\x1a\n\x00\x00,x", b"PK\x03\x04\x00,\x00", b"id,name\n",
     b"id,name\n,x\n",
     b"key,name\n1,x\n", b"<html><body>,</body></html>\n", b'"id,name\n1,2\n'],
)  # fmt: skip
def test_file__not_a_csv_of_customers__refused_with_one_sentence(file: Path, content: bytes) -> None:
    with pytest.raises(api.CustomersFileInvalid) as refusal:
        read(file, content)
    assert "\n" not in refusal.value.detail


CELL = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["1", "0", "Yes", "no", "2.5", "", " ", '"', '""', "2026-01-31", "²", "1e9", "-0", ".5", "9" * 21, "True"]
)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300) | st.lists(st.lists(CELL, max_size=5).map(",".join)).map("\n".join).map(str.encode))
def test_file__anything__is_refused_or_gives_people(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            people = read(Path(folder) / "any.csv", b"id,tenure,MonthlyCharges,age\n" + content)
        except api.CustomersFileInvalid as refusal:
            assert "\n" not in refusal.detail
            return
        found = list(people.people())
        assert len(found) == people.count > 0
        assert all(len(one.values) == len(people.columns) for one in found)


def test_file__missing__refused(tmp_path: Path) -> None:
    description = api.PopulationDescription(
        as_of=date(2026, 1, 1), seed=1, customers_file=str(tmp_path / "none.csv"), id_column="id"
    )
    with pytest.raises(api.CustomersFileInvalid, match="cannot be read"):
        api.open_population(description)


def test_file__with_semicolons_mark_and_contacts__contacts_of_the_file_count(file: Path) -> None:
    people = read(file, "\ufeffid;E-Mail;Mobile;First Name\n1;me@there.test;+9991;Zoë\n2;;;\n")
    first, second = people.people()
    assert (first.email, first.phone, first.first_name) == ("me@there.test", "+9991", "Zoë")
    assert (second.email, second.phone) == ("", "")
    assert second.first_name


def test_description__saved_and_read__the_same(tmp_path: Path) -> None:
    assert api.find_description(tmp_path) is None
    description = api.PopulationDescription(as_of=date(2026, 11, 20), seed=5, customers=10)
    api.save_description(description, tmp_path)
    assert api.find_description(tmp_path) == description
