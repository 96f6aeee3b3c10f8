"""From the body that an operator wrote to the parts of a mail: tracked links, safe HTML, a text for plain readers."""

import html
import re
from html.parser import HTMLParser
from urllib.parse import quote, urlsplit

from loyalty.delivery.policy.templates import PLACEHOLDER, Template, Variable, parse
from loyalty.delivery.policy.variables import PREFERENCES
from loyalty.foundation.kernel.errors import FieldProblem

# Placeholders and links are set aside under these marks while the HTML around them is read; the private-use
# characters stand for nothing in any text, and a body that holds one is refused.
HELD_OPEN, HELD_CLOSE = "\ue000", "\ue001"
LINK_OPEN, LINK_CLOSE = "\ue002", "\ue003"
MARKS = re.compile("[\ue000-\ue003]")
HELD = re.compile(f"{HELD_OPEN}(\\d+){HELD_CLOSE}")
HELD_OR_LINK = re.compile(f"{HELD_OPEN}(?P<held>\\d+){HELD_CLOSE}|{LINK_OPEN}(?P<link>\\d+){LINK_CLOSE}")
ANCHOR = re.compile(r"""(<a\b[^>]*?\bhref\s*=\s*)("[^"]*"|'[^']*'|[^\s>"']+)""", re.IGNORECASE)
BARE_ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")
TAG = re.compile(r"<[a-zA-Z!/]")
ACTIVE = re.compile(r"<\s*(?:script|iframe|object|embed|form)\b|\son[a-z]+\s*=", re.IGNORECASE)
BLOCKS = frozenset(
    [
        *("address", "article", "blockquote", "div", "dl", "dt", "dd", "footer", "h1", "h2", "h3", "h4", "h5", "h6"),
        *("header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "tr", "ul"),
    ]
)
SILENT = frozenset({"head", "style", "title"})
SCHEMES = frozenset({"http", "https", "mailto", "tel"})
# Mail programs and gateways in between cut addresses at about 2,000 characters, and ours carries the signature too.
LINK_LENGTH_MAX = 1_500
# The addresses that the platform itself puts in; they are signed already and must not count as clicks.
UNSUBSCRIBE = "unsubscribe_url"
OURS = frozenset({UNSUBSCRIBE, PREFERENCES})


def is_html(body: str) -> bool:
    """Tell whether the body was written as HTML; otherwise it is plain text."""
    return TAG.search(PLACEHOLDER.sub("", body)) is not None


def html_of_text(body: str) -> str:
    """Give a plain text as HTML: paragraphs, line breaks, addresses as links; placeholders stay as they are."""
    pieces: list[str] = []
    end = 0
    for match in PLACEHOLDER.finditer(body):
        pieces += [html.escape(body[end : match.start()], quote=False), match.group()]
        end = match.end()
    pieces.append(html.escape(body[end:], quote=False))
    linked = BARE_ADDRESS.sub(lambda found: f'<a href="{found.group()}">{found.group()}</a>', "".join(pieces))
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", linked.replace("\r\n", "\n")) if part.strip()]
    return "\n".join("<p>" + part.replace("\n", "<br>\n") + "</p>" for part in paragraphs)


class SetAside:
    """The placeholders of a body, taken out and numbered, so that HTML and templates cannot be mixed up."""

    def __init__(self, body: str) -> None:
        self.held: list[str] = []
        self.text = PLACEHOLDER.sub(self._hold, body)

    def _hold(self, match: "re.Match[str]") -> str:
        self.held.append(match.group())
        return f"{HELD_OPEN}{len(self.held) - 1}{HELD_CLOSE}"

    def restore(self, text: str) -> str:
        """Put the placeholders back."""
        return HELD.sub(lambda match: self.held[int(match[1])], text)


def links_of(body: str) -> list[str]:
    """Give the addresses that the body's links lead to, placeholders as written."""
    aside = SetAside(body)
    return [aside.restore(html.unescape(_unquoted(found[2]))) for found in ANCHOR.finditer(aside.text)]


def _unquoted(value: str) -> str:
    return (value[1:-1] if value[:1] in "\"'" else value).strip()


def problems_of(body: str, field: str) -> list[FieldProblem]:
    """Tell what a mail body must not hold: active elements, and links that could lead anywhere."""
    found = []
    if MARKS.search(body):
        found.append(FieldProblem(field, "template.malformed", "The body holds private-use characters."))
    if not is_html(body):
        return found
    if ACTIVE.search(SetAside(body).text):
        found.append(FieldProblem(field, "content.active", "Scripts, forms, frames and event attributes are refused."))
    for link in links_of(body):
        if len(link) > LINK_LENGTH_MAX:
            message = f'The link "{link[:60]}…" is longer than {LINK_LENGTH_MAX} characters.'
            found.append(FieldProblem(field, "template.link_too_long", message))
        first = next(iter(parse(link).parts), "")
        if isinstance(first, Variable):
            if link_variable(parse(link)) not in OURS:
                message = f"A link cannot begin with a variable ({first.name}); write https:// and the host."
                found.append(FieldProblem(field, "template.link_from_variable", message))
        elif not is_followable(first):
            message = f'The link "{link[:60]}" must begin with https://, http://, mailto: or tel:.'
            found.append(FieldProblem(field, "template.link_scheme", message))
    return found


def link_variable(template: Template) -> str | None:
    """Give the name when a link is nothing but one variable."""
    only = template.parts[0] if len(template.parts) == 1 else None
    return only.name if isinstance(only, Variable) else None


def is_followable(address: str) -> bool:
    """Tell whether an address has one of the schemes that a mail may link to, or stays on the page."""
    if address.startswith("#"):
        return True
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme.lower() in SCHEMES and (parts.scheme.lower() not in ("http", "https") or bool(parts.netloc))


def quoted_for_link(value: str) -> str:
    """Make a value safe inside of an address: it can be no host, no path and no second parameter."""
    return quote(value, safe="")


class TextReader(HTMLParser):
    """Reads HTML as the text a plain reader gets: blocks on lines of their own, links with their address."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent = 0
        self._link: str | None = None
        self._label_from = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element."""
        given = {name: value or "" for name, value in attrs}
        if tag in SILENT:
            self._silent += 1
        elif tag == "br":
            self.pieces.append("\n")
        elif tag in BLOCKS:
            self.pieces.append("\n\n- " if tag == "li" else "\n\n")
        elif tag == "img" and given.get("alt"):
            self.pieces.append(given["alt"])
        elif tag == "a" and given.get("href"):
            self._link, self._label_from = given["href"], len(self.pieces)

    def handle_endtag(self, tag: str) -> None:
        """End an element."""
        if tag in SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in BLOCKS and tag != "li":
            self.pieces.append("\n\n")
        elif tag == "a" and self._link is not None:
            label = "".join(self.pieces[self._label_from :]).strip()
            if self._link != label and not self._link.startswith("#"):
                self.pieces.append(f" ({self._link})")
            self._link = None

    def handle_data(self, data: str) -> None:
        """Take the text; runs of white space are one space, as a browser shows them."""
        if not self._silent:
            self.pieces.append(re.sub(r"\s+", " ", data))

    def text(self) -> str:
        """Give the whole text, with at most one empty line between blocks."""
        joined = "".join(self.pieces)
        lines = [line.strip() for line in joined.split("\n")]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def text_of_html(body: str) -> str:
    """Give the plain text of a body, placeholders in their places."""
    aside = SetAside(body)
    reader = TextReader()
    reader.feed(aside.text)
    reader.close()
    return aside.restore(reader.text())
