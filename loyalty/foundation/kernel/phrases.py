"""Sentences as a code with values, so that each reader gets them in their own language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

ENGLISH: Final = "en"
# Between the parts of a list, by language.
COMMAS: Final[Mapping[str, str]] = {"ar": "، "}
RIGHT_TO_LEFT: Final = frozenset({"ar"})

# By language, by code: a template with the names of values in braces.
Words = Mapping[str, Mapping[str, str]]
# A number, a text, another phrase of the same words, a list of them, or a name that each language calls otherwise.
Value: TypeAlias = "int | str | Phrase | Sequence[Value] | Mapping[str, str]"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A code of some words, and what stands in its places."""

    code: str
    values: Mapping[str, Value] = field(default_factory=dict)


def say(phrase: Phrase, words: Words, language: str) -> str:
    """Say a phrase; in English where the words lack the language.

    Texts that come from people and systems are set apart in a language that is written from right to left, so that
    their letters and brackets keep their order.

    :raises KeyError: the words have no such code, or the phrase lacks a value of its template.
    """
    spoken = language if language in words else ENGLISH
    told = {name: _say_value(value, words, spoken) for name, value in phrase.values.items()}
    return words[spoken][phrase.code].format(**told)


def _say_value(value: Value, words: Words, language: str) -> str:
    if isinstance(value, Phrase):
        return say(value, words, language)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, str):
        return _apart(value, language)
    if isinstance(value, Mapping):
        return value[language] if language in value else _apart(value[ENGLISH], language)
    return COMMAS.get(language, ", ").join(_say_value(one, words, language) for one in value)


def _apart(text: str, language: str) -> str:
    # FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE, of the Unicode bidirectional algorithm (UAX #9).
    return f"\u2068{text}\u2069" if text and language in RIGHT_TO_LEFT else text
