"""A text message's content: checked when it is saved, rendered for each customer."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from loyalty.delivery.kinds import links
from loyalty.delivery.kinds.email import markup
from loyalty.delivery.kinds.sms.segments import SEGMENTS_MAX, segments_of
from loyalty.delivery.policy import templates
from loyalty.foundation.kernel.errors import FieldProblem

# Ten joined segments of GSM's alphabet; values may make it longer, which is seen when the message is rendered.
BODY_LENGTH_MAX = 1_530
# A web address as telephones see one; the marks that end a sentence, Arabic ones too, are none of it.
WEB_ADDRESS = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]'،؛؟]", re.IGNORECASE)


def problems_of(content: Mapping[str, object], field: str, known: Collection[str]) -> list[FieldProblem]:
    """Tell everything that is wrong with a content."""
    found = [
        FieldProblem(f"{field}.{name}", "unknown_field", "This field is not known here.")
        for name in content
        if name != "body"
    ]
    body, place = content.get("body"), f"{field}.body"
    if not isinstance(body, str) or not body.strip():
        found.append(FieldProblem(place, "required", "A text message needs a body."))
    elif len(body) > BODY_LENGTH_MAX:
        found.append(FieldProblem(place, "too_long", f"At most {BODY_LENGTH_MAX} characters."))
    elif "\x00" in body or any("\ud800" <= character <= "\udfff" for character in body):
        found.append(FieldProblem(place, "invalid", "The text holds characters that cannot be sent."))
    else:
        found += templates.problems_of(body, place, known)
        # What the template says by itself must fit; a value's length is known only for each customer.
        pieces = ((links.short_url(None, "") if isinstance(part, Link) else part) for part in parsed(body))
        fixed = "".join(piece for piece in pieces if isinstance(piece, str))
        if not found and len(segments_of(fixed).bodies) > SEGMENTS_MAX:
            found.append(FieldProblem(place, "too_long", f"At most {SEGMENTS_MAX} segments."))
    return found


@dataclass(frozen=True, slots=True)
class Link:
    """A web address in a text, placeholders as written."""

    target: str


@lru_cache(maxsize=512)
def parsed(body: str) -> tuple[str | templates.Variable | Link, ...]:
    """Give a checked body in parts: what only waits for values, and the links, which are written as short ones."""
    if markup.MARKS.search(body):
        return templates.parse(body).parts
    pieces: list[str | templates.Variable | Link] = []
    aside = markup.SetAside(body)
    end = 0
    for match in WEB_ADDRESS.finditer(aside.text):
        target = aside.restore(match.group())
        first = next(iter(templates.parse(target).parts), "")
        # A value must not say which host a link leads to, and what is too long to be kept stays as it is written.
        is_ours = isinstance(first, str) and markup.is_followable(first) and len(target) <= markup.LINK_LENGTH_MAX
        if is_ours:
            pieces += templates.parse(aside.restore(aside.text[end : match.start()])).parts
            pieces.append(Link(target))
            end = match.end()
    pieces += templates.parse(aside.restore(aside.text[end:])).parts
    return tuple(pieces)


def render(body: str, values: Mapping[str, object], footer: str, send_id: int | None = None) -> str:
    """Give the text of one customer, with the words that say how to stop behind it, and with short, counted links.

    :raises VariableMissing: a value is missing that has no fallback.
    """
    text = "".join(_written(part, values, send_id) for part in parsed(body))
    return f"{text}\n{footer}" if footer else text


def _written(part: str | templates.Variable | Link, values: Mapping[str, object], send_id: int | None) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, templates.Variable):
        return _on_one_line(templates.fill(part, values))
    for place in templates.parse(part.target).variables:
        # Filled when the link is followed; a customer without the value is skipped now.
        templates.fill(place, values)
    return links.short_url(send_id, part.target)


def _on_one_line(value: str) -> str:
    return templates.CONTROLS.sub(" ", value)
