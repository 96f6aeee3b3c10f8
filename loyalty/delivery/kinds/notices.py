"""The content of short notices: a title, a text, and where a touch leads. Shared by push, inbox and webhook."""

from collections.abc import Collection, Mapping
from functools import lru_cache

from loyalty.delivery.contracts import Rendered
from loyalty.delivery.kinds import links
from loyalty.delivery.policy import templates
from loyalty.foundation.kernel.errors import FieldProblem

PARTS = ("title", "body", "url")
TITLE_LENGTH_MAX, URL_LENGTH_MAX = 200, 2_000
WEB = ("http://", "https://")


def problems_of(
    content: Mapping[str, object], field: str, known: Collection[str], *, body_length_max: int
) -> list[FieldProblem]:
    """Tell everything that is wrong with a content; ``url`` may be left out."""
    found = [
        FieldProblem(f"{field}.{name}", "unknown_field", "This field is not known here.")
        for name in content
        if name not in PARTS
    ]
    for name, longest in (("title", TITLE_LENGTH_MAX), ("body", body_length_max), ("url", URL_LENGTH_MAX)):
        value, place = content.get(name, ""), f"{field}.{name}"
        if name == "url" and value == "":
            continue
        if not isinstance(value, str) or not value.strip():
            found.append(FieldProblem(place, "required", f"A notice needs a {name}."))
        else:
            found += text_problems(value, place, known, longest)
            if name == "title" and templates.CONTROLS.search(value):
                found.append(FieldProblem(place, "invalid", "A title is one line."))
            if name == "url" and not _is_address(value):
                found.append(FieldProblem(place, "invalid", "It begins with https://, http:// or an app's own."))
    return found


def text_problems(value: str, place: str, known: Collection[str], longest: int) -> list[FieldProblem]:
    """Tell what is wrong with one text of a content."""
    if len(value) > longest:
        return [FieldProblem(place, "too_long", f"At most {longest} characters.")]
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        return [FieldProblem(place, "invalid", "The text holds characters that cannot be sent.")]
    return templates.problems_of(value, place, known)


def _is_address(value: str) -> bool:
    """Tell whether a touch may lead there: a web address, or one of the app's own such as ``shop://cart``."""
    scheme, colon, _ = value.partition("://")
    is_scheme = scheme.replace("+", "").replace("-", "").replace(".", "").isalnum() and scheme.isascii()
    return bool(colon) and is_scheme and scheme.lower() not in ("javascript", "data", "file", "vbscript")


def variables_of(content: Mapping[str, str], parts: Collection[str] = PARTS) -> tuple[str, ...]:
    """Give the names that a content uses."""
    places = [place for part in parts for place in templates.parse(content.get(part, "")).variables]
    return tuple(dict.fromkeys(place.name for place in places))


@lru_cache(maxsize=1_024)
def parsed(text: str) -> templates.Template:
    """Give a checked text in parts that only wait for values."""
    return templates.parse(text)


def render(content: Mapping[str, str], values: Mapping[str, object], *, send_id: int | None) -> Rendered:
    """Give the notice of one customer; a touch on a web address is counted.

    :raises VariableMissing: a value is missing that has no fallback.
    """
    title = templates.one_line(templates.render(parsed(content["title"]), values, str))
    url = templates.render(parsed(content.get("url", "")), values, links.quoted)
    if send_id is not None and url.lower().startswith(WEB):
        url = links.click_url(send_id, url)
    text = templates.render(parsed(content["body"]), values, without_controls)
    return Rendered(subject=title, html="", text=text, url=url)


def without_controls(value: str) -> str:
    """Give a value on one line."""
    return templates.CONTROLS.sub(" ", value)
