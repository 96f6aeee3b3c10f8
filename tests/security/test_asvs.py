"""The page about ASVS: every test that it names exists and is run, and every chapter has its rows."""

import ast
import re
from functools import cache

from tests.house.source import ROOT

PAGE = ROOT / "docs/operating/asvs.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
CHAPTERS = range(1, 18)
# What keeps a test from being run.
STANDS_STILL = {"skip", "skipif", "xfail"}


def rows() -> list[list[str]]:
    """Give the cells of each row of the table of sections."""
    lines = PAGE.read_text(encoding="utf-8").split("\n")
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| V")]


@cache
def marks_in(path: str) -> dict[str, set[str]]:
    """Give the tests of a file with the marks on each."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            marks = {
                part.attr for one in node.decorator_list for part in ast.walk(one) if isinstance(part, ast.Attribute)
            }
            found[node.name] = marks
    return found


def test_page__every_test_it_names__exists_and_runs() -> None:
    named = NAMED.findall(PAGE.read_text(encoding="utf-8"))
    wrong = []
    for path, name in named:
        if not (ROOT / path).exists() or name not in marks_in(path):
            wrong.append(f"{path}::{name} does not exist")
        elif marks_in(path)[name] & STANDS_STILL:
            wrong.append(f"{path}::{name} is not run")
    assert wrong == []
    assert len(set(named)) > 60


def test_page__every_chapter__has_rows_with_a_test_or_a_word_why_not() -> None:
    sections = rows()
    told = {int(number) for row in sections for number in re.findall(r"V(\d+)", row[0])}
    assert told == set(CHAPTERS)
    bare = [row[0] for row in sections if not NAMED.search(row[3]) and "not applicable" not in row[1]]
    assert bare == []


def test_page__what_is_not_met__is_gathered_at_the_end() -> None:
    text = PAGE.read_text(encoding="utf-8")
    end = text.split("## What is not met")[1]
    unmet = [row[0].split()[0].rstrip(",") for row in rows() if "Not met" in "|".join(row)]
    assert unmet != []
    assert [one for one in unmet if one.split(".")[0] not in end] == []
