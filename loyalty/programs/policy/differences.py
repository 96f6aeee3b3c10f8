"""What differs between two versions of a program: by place, and in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from loyalty.programs.contracts import EVENT_PURCHASE, EarnRulePlan, ProgramDocument
from loyalty.programs.policy.difference_words import DIFF_WORDS, ENGLISH, DiffWords
from loyalty.programs.policy.editing import CODED_LISTS, PROMISES
from loyalty.programs.policy.rules import say_rule

# Rules in JSONLogic are compared whole and said by the rule engine; for each place the kind of its facts.
RULE_NAMES = {"burn_rule": "burn", "tier_policy.rule": "tier"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: its place with codes instead of positions, JSON before and after (None: not there), words."""

    path: str
    before: Any
    after: Any
    words: str


def changed_names(before: ProgramDocument, after: ProgramDocument) -> list[str]:
    """Give the top-level names under which two documents promise different things."""
    return list(dict.fromkeys(difference.path.split(".")[0] for difference in list_differences(before, after)))


def list_differences(before: ProgramDocument, after: ProgramDocument, language: str = "en") -> list[Difference]:
    """Give all that two documents promise differently, in the order of the document, in words of a language."""
    teller = _Teller(language, DIFF_WORDS.get(language, ENGLISH))
    return [
        difference
        for name in PROMISES
        for difference in teller.compare(name, teller.words.parts[name], getattr(before, name), getattr(after, name))
    ]


@dataclass(frozen=True, slots=True)
class _Teller:
    """Compares parts of documents and says in one language what differs."""

    language: str
    words: DiffWords

    def compare(self, path: str, label: str, before: Any, after: Any) -> Iterator[Difference]:
        """Give the differences under one place."""
        if path in CODED_LISTS or _is_coded(before) or _is_coded(after):
            yield from self._compare_rows(path, label, before, after)
        elif is_dataclass(before) and type(before) is type(after):
            yield from self._compare_fields(path, label, before, after)
        elif path.endswith(".tier_overrides"):
            for code in sorted({*before, *after}):
                yield from self.compare(f"{path}.{code}", f"{label} {code}", before.get(code), after.get(code))
        elif before != after:
            yield self._difference(path, label, before, after)

    def _compare_rows(self, path: str, label: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Difference]:
        old, new = ({row.code: row for row in rows} for rows in (before, after))
        for code in dict.fromkeys([*old, *new]):
            yield from self.compare(f"{path}.{code}", f"{label} {code}", old.get(code), new.get(code))

    def _compare_fields(self, path: str, label: str, before: Any, after: Any) -> Iterator[Difference]:
        for field in fields(before):
            old, new = getattr(before, field.name), getattr(after, field.name)
            place, words = f"{path}.{field.name}", f"{label}: {self.words.field_name(field.name)}"
            if field.name == "rule" and isinstance(before, EarnRulePlan):
                kinds = ["earn" if rule.event_type == EVENT_PURCHASE else "event" for rule in (before, after)]
                if old != new:
                    said = self._changed(words, self._rule(kinds[0], old), self._rule(kinds[1], new))
                    yield Difference(place, old, new, said)
            elif field.name != "id":
                yield from self.compare(place, words, old, new)

    def _difference(self, path: str, label: str, before: Any, after: Any) -> Difference:
        if path in RULE_NAMES:
            words = self._changed(label, *(self._rule(RULE_NAMES[path], rule) for rule in (before, after)))
            return Difference(path, before, after, words)
        if is_dataclass(before) or is_dataclass(after):
            phrase = self.words.removed if after is None else self.words.added
            return Difference(path, _plain(before), _plain(after), phrase.format(label))
        words = self._changed(label, self._say(before), self._say(after))
        return Difference(path, _plain(before), _plain(after), words)

    def _changed(self, label: str, before: str, after: str) -> str:
        return self.words.changed.format(label, before or self.words.none, after or self.words.none)

    def _rule(self, kind: str, rule: Any) -> str:
        return say_rule(kind, rule, self.language)

    def _say(self, value: Any) -> str:
        if isinstance(value, bool):
            return self.words.yes if value else self.words.no
        if isinstance(value, StrEnum):
            return self.words.value_name(value.value)
        if isinstance(value, tuple | list):
            return self.words.comma.join(self._say(one) for one in value)
        return "" if value is None else str(_plain(value))


def _is_coded(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and hasattr(value[0], "code")


def _plain(value: Any) -> Any:
    """Give JSON; an exact number becomes a text without idle zeros, and rules stay as they are written."""
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, date | UUID):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {name: inner if name == "rule" else _plain(inner) for name, inner in asdict(value).items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    return value
