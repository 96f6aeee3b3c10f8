"""A rule in words, with the labels of its fields."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from loyalty.foundation.rules.contracts import EventQuestion, Field, Rule, Schema
from loyalty.foundation.rules.operators.table import OPERATORS
from loyalty.foundation.rules.phrases import COUNTING, PHRASES
from loyalty.foundation.rules.text import plain_number
from loyalty.foundation.rules.tree import Node

_CLINGING = "و"
# Operators whose words need brackets inside another sentence of the same kind.
_LOOSE = frozenset({"and", "or", "if", "?:", "+", "-", "*", "/", "%", "cat", "??"})


class Speaker:
    """Says expressions in one language; the operator table says which phrase each operator uses."""

    def __init__(self, schema: Schema | None, language: str) -> None:
        self._schema = schema
        self._language = language
        self._labels = {field.name: field.label or field.name for field in schema.fields} if schema else {}
        self._phrases = PHRASES.get(language, PHRASES["en"])
        self._count = COUNTING.get(language, COUNTING["en"])

    def say(self, node: Node) -> str:
        """The words of an expression."""
        return OPERATORS[node.operator].words(self, node)

    def part(self, node: Node) -> str:
        """The words of an expression inside another one, in brackets where they would run together."""
        words = self.say(node)
        return f"({words})" if node.operator in _LOOSE and len(node.args) > 1 else words

    def label(self, node: Node) -> str:
        """The label of a field."""
        name = node.value.name if isinstance(node.value, Field) else str(node.value)
        return self._labels.get(name, name) or self.phrase("all_facts")

    def events(self, phrase: str, question: EventQuestion) -> str:
        """A measure of the events of one kind, with its window and which of them count."""
        event = self._schema.event_types.get(question.event_type) if self._schema else None
        kind = self.quoted(event.label or event.name if event else question.event_type)
        labels = {one.name: one.label or one.name for one in event.fields} if event else {}
        words = self.phrase(phrase, kind, labels.get(question.field or "", question.field or ""))
        if question.days is not None:
            words += self.phrase("events_in_days", self.counted("day", question.days))
        if question.filter is not None and isinstance(question.filter.root, Node):
            inner = Speaker(question.filter.schema, self._language)
            words += self.phrase("events_kept", inner.say(question.filter.root))
        return words

    def segment(self, segment_id: str) -> str:
        """The name of a segment; its id where the schema does not know it."""
        names = self._schema.segment_names if self._schema else {}
        return self.quoted(names.get(segment_id, segment_id))

    def quoted(self, text: str) -> str:
        """A name or a text in quotation marks."""
        return self.phrase("quoted", text)

    def counted(self, noun: str, count: int) -> str:
        """So many days or places."""
        return self._count(noun, count)

    def listed(self, words: Sequence[str]) -> str:
        """Items of a list behind each other."""
        return self.phrase("comma").join(words)

    def phrase(self, name: str, *words: str) -> str:
        """A phrase of the language with words in its places."""
        return self._phrases[name].format(*words)

    def joined(self, word: str, nodes: Sequence[Node]) -> str:
        """Clauses joined by "and" or "or"."""
        return self._linked([self.part(node) for node in nodes], word)

    def operation(self, word: str, nodes: Sequence[Node]) -> str:
        """Operands joined by the word of an operation."""
        return f" {self.phrase(word)} ".join(self.part(node) for node in nodes)

    def either(self, labels: Sequence[str]) -> str:
        """Alternatives: "A, B or C"."""
        return self._series(labels, "or")

    def both(self, labels: Sequence[str]) -> str:
        """Companions: "A, B and C"."""
        return self._series(labels, "and")

    def constant(self, value: object) -> str:
        """A constant as people write it."""
        if value is None:
            return self.phrase("nothing")
        if isinstance(value, bool):
            return self.phrase("yes" if value else "no")
        if isinstance(value, (int, Decimal)):
            return plain_number(value)
        if isinstance(value, datetime):
            return value.strftime("%Y-%m-%d %H:%M UTC")
        return value.isoformat() if isinstance(value, date) else self.quoted(str(value))

    def _series(self, labels: Sequence[str], word: str) -> str:
        *first, last = labels or [""]
        return self._linked([self.listed(first), last], word) if first else last

    def _linked(self, parts: Sequence[str], word: str) -> str:
        """Parts with a word between them; the Arabic "and" is written at the word behind it."""
        link = self.phrase(word)
        said = parts[0] if parts else ""
        for part in parts[1:]:
            clings = link == _CLINGING and part[:1].isalpha() and not part[:1].isascii()
            said += f" {link}{'' if clings else ' '}{part}"
        return said


def speaker_for(schema: Schema | None, language: str) -> Speaker:
    """Who says a rule over this schema in this language; English where the language is not known."""
    return Speaker(schema, language)


def say(rule: Rule, schema: Schema | None = None, language: str = "en") -> str:
    """A rule in words, such as "Total revenue is more than 1000 and Days since last purchase is less than 30".

    :param schema: whose labels to use; those of the schema the rule was checked with when left out.
    """
    if not isinstance(rule.root, Node):
        raise TypeError("a rule is made by check()")
    return speaker_for(schema or rule.schema, language).say(rule.root)
