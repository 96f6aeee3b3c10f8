"""A text message's content: checked when it is saved, rendered for each customer."""

from collections.abc import Collection, Mapping
from functools import lru_cache

from loyalty.delivery.kinds.sms.segments import SEGMENTS_MAX, segments_of
from loyalty.delivery.policy import templates
from loyalty.foundation.kernel.errors import FieldProblem

# Ten joined segments of GSM's alphabet; values may make it longer, which is seen when the message is rendered.
BODY_LENGTH_MAX = 1_530


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
        fixed = "".join(part for part in templates.parse(body).parts if isinstance(part, str))
        if not found and len(segments_of(fixed).bodies) > SEGMENTS_MAX:
            found.append(FieldProblem(place, "too_long", f"At most {SEGMENTS_MAX} segments."))
    return found


@lru_cache(maxsize=512)
def parsed(body: str) -> templates.Template:
    """Give a checked body in parts that only wait for values."""
    return templates.parse(body)


def render(body: str, values: Mapping[str, object], footer: str) -> str:
    """Give the text of one customer, with the words that say how to stop behind it.

    :raises VariableMissing: a value is missing that has no fallback.
    """
    text = templates.render(parsed(body), values, _on_one_line)
    return f"{text}\n{footer}" if footer else text


def _on_one_line(value: str) -> str:
    return templates.CONTROLS.sub(" ", value)
