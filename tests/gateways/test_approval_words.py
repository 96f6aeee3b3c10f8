"""What each kind of request asks for is told in every language that the platform speaks, with its values."""

import json
import re
from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any

import pytest

from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.kernel.approving import Subject, find_subject, subjects
from loyalty.foundation.kernel.phrases import Phrase
from loyalty.foundation.web.languages import LANGUAGES
from tests.house.source import ROOT

# As the platform itself registers them, before any test adds its own.
KINDS = [subject.kind for subject in subjects()]
SECTIONS = configuration.list_specs()
ACCOUNT, MOMENT = "0193b0e4-3f00-7000-8000-000000000001", "2027-01-01T00:00:00+00:00"
REVIEWED = "0193b0e4-3f00-7000-8000-000000000002"


def _pattern(scope: str = "all", most: int | None = None) -> dict[str, Any]:
    return {"permission": "points.adjust", "scope": scope, "points_max": most}


def _change(roles: list[str] | None) -> dict[str, Any]:
    return {"verb": "change_user", "username": "ada", "changes": {"roles": roles}}


def _workflow(name: str | None, workflow_id: str | None, is_active: bool = True) -> dict[str, Any]:
    draft = None if name is None else {"name": name, "kind": "points.adjust", "is_active": is_active}
    return {"workflow_id": workflow_id, "draft": draft}


# By kind: payloads as the kind's domain keeps them, and what people must read of each.
ASKED: dict[str, list[tuple[dict[str, Any], list[str]]]] = {
    "access.change_role": [
        *(
            ({"verb": verb, "role": "till", "name": "Till", "patterns": []}, ["till"])
            for verb in ("create_role", "change_role", "delete_role")
        ),
        *(
            ({"verb": "add_pattern", "role": "till", "pattern": _pattern(scope)}, ["till", "points.adjust"])
            for scope in ("all", "program", "partner", "own")
        ),
        (
            {"verb": "remove_pattern", "role": "till", "pattern": _pattern("all", 1500)},
            ["till", "points.adjust", "1,500"],
        ),
        ({"verb": "assign_role", "username": "ada", "role": "till"}, ["ada", "till"]),
        (_change(["till", "desk"]), ["ada", "till", "desk"]),
        (_change([]), ["ada"]),
        (_change(None), ["ada"]),
    ],
    "approvals.change_workflow": [
        (_workflow("Large gifts", None), ["Large gifts", "points.adjust"]),
        (_workflow("Large gifts", ACCOUNT, is_active=False), ["Large gifts", "points.adjust"]),
        (_workflow(None, ACCOUNT), []),
    ],
    "approvals.review_bypass": [({"request_id": REVIEWED}, [REVIEWED])],
    "campaigns.activate": [({"name": "Summer"}, ["Summer"])],
    "configuration.change": [
        (
            {"section": "dwh", "values": {"port": 1}, "sealed": {"password": "x"}, "restored_from": None},
            ["port", "password"],
        ),
        ({"section": "dwh", "values": {}, "sealed": {}, "restored_from": 1200}, ["1200"]),
    ],
    "customers.merge": [
        ({"customer_id": ACCOUNT, "into_id": REVIEWED, "reason": "same person"}, [ACCOUNT, REVIEWED]),
    ],
    "journeys.publish": [({"name": "Welcome"}, ["Welcome"])],
    "points.adjust": [
        ({"points_change": change, "account_id": ACCOUNT, "reason_code": "goodwill"}, ["7,000", ACCOUNT, "goodwill"])
        for change in (7000, -7000)
    ],
    "points.bulk_earn": [
        ({"way": "batch", "points": 1500, "requests": [{}] * 3}, ["1,500", "3"]),
        ({"way": "file", "points": 1500, "rows": 1200, "file_name": "old.csv"}, ["1,500", "1,200", "old.csv"]),
        ({"way": "file", "points": 1500, "rows": 1200, "file_name": ""}, ["1,500", "1,200"]),
    ],
    **{
        kind: [
            ({"kind": kind, "name": "Stars", "effective_at": None}, ["Stars"]),
            ({"kind": kind, "name": "Stars", "effective_at": MOMENT}, ["Stars", MOMENT]),
        ]
        for kind in ("programs.publish", "programs.change_earn_rules", "programs.change_burn_rules")
    },
}


def subject_of(kind: str) -> Subject:
    """Give a kind that is registered."""
    subject = find_subject(kind)
    assert subject is not None
    return subject


def codes_in(phrase: Phrase) -> Iterator[str]:
    """Give the codes of a phrase and of those within it."""
    yield phrase.code
    for value in phrase.values.values():
        if isinstance(value, Phrase):
            yield from codes_in(value)


def places_of(template: str) -> list[str]:
    """Give the names of a template's places."""
    return sorted(name for _, name, _, _ in Formatter().parse(template) if name is not None)


def asked_for(kind: str) -> list[tuple[Mapping[str, Any], list[str]]]:
    """Give a kind's payloads, and what must be read of each; a new kind adds its own."""
    assert kind in ASKED, f"{kind} has no payload here: its words would not be looked at"
    return [(payload, seen) for payload, seen in ASKED[kind]]


@pytest.mark.parametrize("kind", KINDS)
def test_words__of_each_kind__have_each_language_and_the_same_places(kind: str) -> None:
    words = subject_of(kind).words
    assert set(words) == set(LANGUAGES)
    places = {language: {code: places_of(said) for code, said in words[language].items()} for language in words}
    assert all(one == places["en"] for one in places.values())


@pytest.mark.parametrize("kind", KINDS)
def test_summary__of_each_kind__tells_its_values_in_each_language(kind: str) -> None:
    subject = subject_of(kind)
    for payload, seen in asked_for(kind):
        for language in LANGUAGES:
            told = subject.say(payload, language)
            assert [one for one in seen if one not in told] == [], told
        own = re.sub("\u2068[^\u2069]*\u2069", "", subject.say(payload, "ar"))
        assert re.search(r"[\u0600-\u06ff]", own)
        assert not re.search("[A-Za-z]", own), f"English beside what is set apart: {own}"


@pytest.mark.parametrize("kind", KINDS)
def test_words__of_each_kind__are_all_used(kind: str) -> None:
    words = subject_of(kind).words
    # Kinds of one domain may share their words.
    sharing = [subject for subject in subjects() if subject.words is words]
    used = {code for one in sharing for payload, _ in asked_for(one.kind) for code in codes_in(one.describe(payload))}
    assert used == set(words["en"])


def test_sections__of_the_configuration__are_called_in_arabic_what_the_console_calls_them() -> None:
    stored = (ROOT / "console/src/shared/locales/server.ar.json").read_text(encoding="utf-8")
    console = json.loads(stored)["server"]["section"]
    told = {spec.code.replace("/", "_"): spec.titles.get("ar") for spec in SECTIONS}
    assert told == {code: words["title"] for code, words in console.items() if code in told}
