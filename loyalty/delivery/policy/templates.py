"""The template language: names in double braces become text, once; there is no logic and no way to an attribute.

``{{ first_name }}`` needs a value, ``{{ first_name | "friend" }}`` has a fallback. Values are never read as templates.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from loyalty.delivery.errors import VariableMissing
from loyalty.foundation.kernel.errors import FieldProblem

# Rich text editors write the quotes of a fallback as &quot;, so that form is read too.
PLACEHOLDER = re.compile(
    r"""\{\{\s*(?P<name>[a-z_][a-z0-9_]{0,63})\s*
        (?:\|\s*(?:"(?P<double>[^"{}]*)"|'(?P<single>[^'{}]*)'|&quot;(?P<escaped>[^{}]*?)&quot;)\s*)?\}\}""",
    re.VERBOSE,
)
NAME = re.compile(r"[a-z_][a-z0-9_]{0,63}")
BRACES = re.compile(r"\{\{|\}\}")
# Line ends and other control characters; in a header they would begin a header of the sender's choice.
CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Variable:
    """A place for a value; ``fallback`` is None when there must be one."""

    name: str
    fallback: str | None


Part = str | Variable


@dataclass(frozen=True, slots=True)
class Template:
    """A text with places for values."""

    parts: tuple[Part, ...]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The places, in order."""
        return tuple(part for part in self.parts if isinstance(part, Variable))


def parse(text: str) -> Template:
    """Cut a text into its parts; what is no placeholder stays as it is written."""
    parts: list[Part] = []
    end = 0
    for match in PLACEHOLDER.finditer(text):
        if match.start() > end:
            parts.append(text[end : match.start()])
        fallbacks = (match["double"], match["single"], match["escaped"])
        parts.append(Variable(match["name"], next((one for one in fallbacks if one is not None), None)))
        end = match.end()
    if end < len(text):
        parts.append(text[end:])
    return Template(tuple(parts))


def problems_of(text: str, field: str, known: Collection[str]) -> list[FieldProblem]:
    """Tell what is wrong with a text: braces that are no placeholder, and names that nobody declared."""
    template = parse(text)
    found = [
        FieldProblem(
            field,
            "template.malformed",
            f'Near "{part[max(0, match.start() - 10) : match.start() + 30]}": write {{{{ name }}}} '
            'or {{ name | "fallback" }}, names in small letters.',
        )
        for part in template.parts
        if isinstance(part, str)
        for match in BRACES.finditer(part)
    ]
    unknown = dict.fromkeys(variable.name for variable in template.variables if variable.name not in known)
    found += [
        FieldProblem(field, "template.variable_unknown", f"There is no variable {name}. Known: {_listing(known)}.")
        for name in unknown
    ]
    return found


def _listing(known: Iterable[str]) -> str:
    return ", ".join(sorted(known))


def with_fallbacks(text: str, fallbacks: Mapping[str, str]) -> str:
    """Write the declared fallback of a name into each of its places that has none of its own."""

    def written(match: "re.Match[str]") -> str:
        name = match["name"]
        if "|" in match.group() or name not in fallbacks:
            return match.group()
        quote = "'" if '"' in fallbacks[name] else '"'
        return f"{{{{ {name} | {quote}{fallbacks[name]}{quote} }}}}"

    return PLACEHOLDER.sub(written, text)


def is_fallback(text: str) -> bool:
    """Tell whether a text can be written as a fallback: no braces, not both kinds of quotes, on one line."""
    return not re.search(r"[{}]", text) and not ("'" in text and '"' in text) and not CONTROLS.search(text)


def text_of(value: object) -> str | None:
    """Give a value as people read it, or None when there is nothing to read."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return text if text.strip() else None


def fill(part: Variable, values: Mapping[str, object]) -> str:
    """Give the text of one place.

    :raises VariableMissing: no value and no fallback.
    """
    text = text_of(values.get(part.name))
    if text is not None:
        return text
    if part.fallback is not None:
        return part.fallback
    raise VariableMissing(part.name)


def render(template: Template, values: Mapping[str, object], quote: Callable[[str], str]) -> str:
    """Give the text with every value put in through ``quote``.

    :raises VariableMissing: a value is missing that has no fallback.
    """
    return "".join(part if isinstance(part, str) else quote(fill(part, values)) for part in template.parts)


def one_line(text: str) -> str:
    """Make a text safe for a header: every run of control characters becomes one space."""
    return CONTROLS.sub(" ", text).strip()
