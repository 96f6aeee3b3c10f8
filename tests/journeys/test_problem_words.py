"""Every problem that validation can name has words for people in the console, in both languages."""

import json
import re
from pathlib import Path

import pytest

import loyalty.journeys

HERE = Path(loyalty.journeys.__file__).parent
LOCALES = HERE.parents[1] / "console" / "src" / "features" / "journeys" / "locales"
PROBLEM = re.compile(r'Problem\(\s*(?:code=)?"journeys\.(\w+)"')


def codes() -> set[str]:
    """Give the codes of the problems that the source makes."""
    return {code for file in HERE.rglob("*.py") for code in PROBLEM.findall(file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("language", ["en", "ar"])
def test_problem__each_that_is_made__has_words_and_a_repair(language: str) -> None:
    told = json.loads((LOCALES / f"{language}.json").read_text(encoding="utf-8"))["wrong"]
    assert len(codes()) > 30
    assert [code for code in sorted(codes()) if not (told.get(code, {}).get("what") and told[code].get("repair"))] == []
