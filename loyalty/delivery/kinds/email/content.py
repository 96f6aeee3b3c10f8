"""A mail's content: checked when it is saved, compiled once, rendered for each customer."""

import html
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from loyalty.delivery.contracts import Rendered
from loyalty.delivery.kinds.email import markup
from loyalty.delivery.policy import templates
from loyalty.foundation.kernel.errors import FieldProblem

SUBJECT_LENGTH_MAX = 250
# Above this mail programs cut the message off (the best known one at 102 kB).
BODY_LENGTH_MAX = 100_000
# Of an address that values made longer than this, no tracked form would fit (markup.LINK_LENGTH_MAX).
TRACKED_LENGTH_MAX = 2_000

FOOTER_HTML = (
    '<p style="font-size:12px;color:#666">You receive this because you agreed to be written to. '
    f'<a href="{{{{ {markup.UNSUBSCRIBE} }}}}">Unsubscribe</a></p>'
)


@dataclass(frozen=True, slots=True)
class Link:
    """An address in the HTML; one with ``is_ours`` goes in as it is, the others may be tracked."""

    address: templates.Template
    is_ours: bool


@dataclass(frozen=True, slots=True)
class CompiledMail:
    """A content in parts that only wait for values."""

    subject: templates.Template
    html: tuple[str | templates.Variable | Link, ...]
    text: templates.Template


def problems_of(content: Mapping[str, object], field: str, known: Collection[str]) -> list[FieldProblem]:
    """Tell everything that is wrong with a content."""
    names = {*known, markup.UNSUBSCRIBE}
    found = [
        FieldProblem(f"{field}.{name}", "unknown_field", "This field is not known here.")
        for name in content
        if name not in ("subject", "body")
    ]
    for name, longest in (("subject", SUBJECT_LENGTH_MAX), ("body", BODY_LENGTH_MAX)):
        value = content.get(name)
        place = f"{field}.{name}"
        if not isinstance(value, str) or not value.strip():
            found.append(FieldProblem(place, "required", f"A mail needs a {name}."))
        elif len(value) > longest:
            found.append(FieldProblem(place, "too_long", f"At most {longest} characters."))
        elif "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            found.append(FieldProblem(place, "invalid", "The text holds characters that cannot be sent."))
        else:
            found += templates.problems_of(value, place, names)
            if name == "subject" and templates.CONTROLS.search(value):
                found.append(FieldProblem(place, "invalid", "A subject is one line."))
            if name == "body":
                found += markup.problems_of(value, place)
    return found


@lru_cache(maxsize=512)
def compile_mail(subject: str, body: str, *, needs_unsubscribe: bool) -> CompiledMail:
    """Bring a checked content into parts; a mail that needs a way out and offers none gets one at its end."""
    written = body if markup.is_html(body) else markup.html_of_text(body)
    used = {variable.name for variable in templates.parse(written).variables}
    if needs_unsubscribe and markup.UNSUBSCRIBE not in used:
        written = _with_footer(written, FOOTER_HTML)
    text = markup.text_of_html(written)
    return CompiledMail(templates.parse(subject), _html_parts(written), templates.parse(text))


def _with_footer(body: str, footer: str) -> str:
    end = body.lower().rfind("</body")
    return body + "\n" + footer if end < 0 else body[:end] + footer + body[end:]


def _html_parts(body: str) -> tuple[str | templates.Variable | Link, ...]:
    aside = markup.SetAside(body)
    links: list[Link] = []

    def set_link(match: "re.Match[str]") -> str:
        value = match[2][1:-1] if match[2][:1] in "\"'" else match[2]
        address = templates.parse(aside.restore(html.unescape(value.strip())))
        links.append(Link(address, markup.link_variable(address) in markup.OURS))
        return f'{match[1]}"{markup.LINK_OPEN}{len(links) - 1}{markup.LINK_CLOSE}"'

    marked = markup.ANCHOR.sub(set_link, aside.text)
    parts: list[str | templates.Variable | Link] = []
    end = 0
    for match in markup.HELD_OR_LINK.finditer(marked):
        parts.append(marked[end : match.start()])
        if match["link"] is not None:
            parts.append(links[int(match["link"])])
        else:
            parts += templates.parse(aside.held[int(match["held"])]).parts
        end = match.end()
    parts.append(marked[end:])
    return tuple(part for part in parts if part != "")


def render(
    mail: CompiledMail, values: Mapping[str, object], tracked: Callable[[str], str] | None, pixel_url: str = ""
) -> Rendered:
    """Give the mail of one customer; ``tracked`` turns a web address into one that counts the click.

    :raises VariableMissing: a value is missing that has no fallback.
    """
    subject = templates.one_line(templates.render(mail.subject, values, str))
    pieces: list[str] = []
    for part in mail.html:
        if isinstance(part, Link):
            pieces.append(html.escape(_address(part, values, tracked), quote=True))
        elif isinstance(part, templates.Variable):
            pieces.append(html.escape(templates.fill(part, values), quote=True))
        else:
            pieces.append(part)
    text = templates.render(mail.text, values, _plain)
    body = "".join(pieces)
    if pixel_url:
        pixel = f'<img src="{html.escape(pixel_url, quote=True)}" width="1" height="1" alt="" style="display:none">'
        body = _with_footer(body, pixel)
    return Rendered(subject=subject, html=body, text=text)


def _plain(value: str) -> str:
    return templates.CONTROLS.sub(" ", value)


def _address(link: Link, values: Mapping[str, object], tracked: Callable[[str], str] | None) -> str:
    if link.is_ours:
        return templates.render(link.address, values, str)
    address = templates.render(link.address, values, markup.quoted_for_link)
    # A value can make a link too long to be tracked; it then leads on by itself, uncounted.
    is_countable = address.lower().startswith(("http://", "https://")) and len(address) <= TRACKED_LENGTH_MAX
    if tracked is not None and is_countable:
        return tracked(address)
    return address
