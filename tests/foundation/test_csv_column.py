"""One column of a CSV file: found by its name, and every file that is none is refused in words."""

import pytest

from loyalty.foundation.kernel.csv_column import CsvUnreadable, open_column

USUAL = ("customer_id", "ref")


@pytest.mark.parametrize(
    ("content", "column", "name", "values"),
    [
        (b"ref\nA\nB\n", "", "ref", [(2, "A"), (3, "B")]),
        (b"\xef\xbb\xbfname;Ref\r\nx; A \r\n\r\ny;\r\n", "", "Ref", [(2, "A"), (4, "")]),
        (b"ref\tcustomer_id\nA\tB\n", "", "customer_id", [(2, "B")]),
        (b"who,ref\nA,B\n", " WHO ", "who", [(2, "A")]),
        (b'ref,x\n"A, B",1\nC\n', "", "ref", [(2, "A, B"), (3, "C")]),
        (b"x,ref\nA\n", "", "ref", [(2, "")]),
    ],
)
def test_column__any_way_of_writing_it__found_with_its_values(
    content: bytes, column: str, name: str, values: list[tuple[int, str]]
) -> None:
    found = open_column(content, column=column, usual=USUAL)
    assert (found.name, found.is_named, list(found.values())) == (name, True, values)


def test_column__no_usual_name__first_one_and_said_so() -> None:
    found = open_column(b"who,what\nA,B\n", column="", usual=USUAL)
    assert (found.name, found.is_named, list(found.values())) == ("who", False, [(2, "A")])


@pytest.mark.parametrize(
    ("content", "column"), [(b"", ""), (b" \n ", ""), (b"re\x00f\nA", ""), (b"\xff\xfe\x00", ""), (b"ref\nA", "who")]
)
def test_column__no_file_of_columns_or_not_that_one__refused(content: bytes, column: str) -> None:
    with pytest.raises(CsvUnreadable):
        open_column(content, column=column, usual=USUAL)


def test_column__a_value_longer_than_csv_reads__refused_when_it_is_come_to() -> None:
    found = open_column(b"ref\nA\n" + b"x" * 200_000, column="", usual=USUAL)
    with pytest.raises(CsvUnreadable):
        list(found.values())
