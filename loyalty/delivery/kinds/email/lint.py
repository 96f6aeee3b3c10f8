"""What keeps a mail from being read: size, spam filters' favourites, links that look like somebody else's."""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from urllib.parse import urlsplit

from django.conf import settings

from loyalty.delivery.contracts import Finding, Rendered, Severity
from loyalty.delivery.kinds.email import markup
from loyalty.delivery.kinds.lint import Linted

# The best known mail program shows the first 102 kB and hides the rest, the way out among it; the tracked links that
# a preview does not have make a mail longer still.
SIZE_ERROR, SIZE_WARNING = 102_000, 80_000
# Telephones show about 40 characters of a subject, the others about 70.
SUBJECT_SHOWN = 70
SHOUTED_SHARE, SHOUTED_LETTERS_MIN = 0.6, 8
LINKS_MANY = 25
WORDS_FEW_BESIDE_PICTURES = 20
# What filters weigh in subjects, in the languages of the platform's texts. A word is a reason to look, not to refuse.
SPAM_PHRASES = re.compile(
    r"\b(?:100% free|act now|buy now|cash bonus|click here|free money|guaranteed|no obligation|risk[- ]free|"
    r"winner|you(?:'ve| have) won|urgent|limited time|gratuit|gagnez|cliquez ici)\b|"
    r"اضغط هنا|مجان[اًي]?\b|ربحت|عاجل",
    re.IGNORECASE,
)
SHORTENERS = frozenset({"bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "buff.ly", "cutt.ly", "rb.gy"})


class _Reader(HTMLParser):
    """Takes pictures and links with their words out of HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pictures: list[str | None] = []
        self.links: list[tuple[str, str]] = []
        self._address: str | None = None
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a picture's words, or begin a link."""
        given = dict(attrs)
        if tag == "img":
            self.pictures.append(given.get("alt"))
        elif tag == "a":
            self._address, self._words = given.get("href") or "", []

    def handle_endtag(self, tag: str) -> None:
        """End a link."""
        if tag == "a" and self._address is not None:
            self.links.append((self._address, " ".join("".join(self._words).split())))
            self._address = None

    def handle_data(self, data: str) -> None:
        """Take the words of a link."""
        if self._address is not None:
            self._words.append(data)


def lint(parts: Mapping[str, str], rendered: Rendered) -> Linted:
    """Look at a mail, as written and as a customer gets it."""
    size = len(rendered.html.encode()) + len(rendered.text.encode())
    reader = _Reader()
    reader.feed(rendered.html)
    reader.close()
    # The way out is ours; what is wrong with its address is no fault of the text.
    links = [link for link in reader.links if not link[0].startswith(f"{settings.PUBLIC_URL}/")]
    findings = [
        *_of_size(size),
        *_of_subject(rendered.subject),
        *_of_links(links),
        *_of_pictures(reader.pictures, rendered.text),
    ]
    if markup.UNSUBSCRIBE not in parts.get("body", ""):
        findings.append(Finding("email.footer_added", Severity.HINT, "body"))
    order = list(Severity)
    figures = {
        "bytes": size,
        "subject_characters": len(rendered.subject),
        "links": len(links),
        "pictures": len(reader.pictures),
        "words": len(rendered.text.split()),
    }
    return Linted(tuple(sorted(findings, key=lambda one: order.index(one.severity))), figures)


def _of_size(size: int) -> Iterator[Finding]:
    if size > SIZE_ERROR:
        yield Finding("email.too_large", Severity.ERROR, "body", f"{size} > {SIZE_ERROR} bytes")
    elif size > SIZE_WARNING:
        yield Finding("email.large", Severity.WARNING, "body", f"{size} > {SIZE_WARNING} bytes")


def _of_subject(subject: str) -> Iterator[Finding]:
    letters = [character for character in subject if character.isalpha()]
    shouted = sum(character.isupper() for character in letters)
    if len(subject) > SUBJECT_SHOWN:
        yield Finding("email.subject_cut", Severity.WARNING, "subject", f"{len(subject)} > {SUBJECT_SHOWN}")
    if len(letters) >= SHOUTED_LETTERS_MIN and shouted > SHOUTED_SHARE * len(letters):
        yield Finding("email.subject_shouts", Severity.WARNING, "subject")
    if re.search(r"[!?؟]{2}|!.*!", subject):
        yield Finding("email.subject_marks", Severity.WARNING, "subject")
    for phrase in dict.fromkeys(match.group().casefold() for match in SPAM_PHRASES.finditer(subject)):
        yield Finding("email.spam_phrase", Severity.WARNING, "subject", phrase)


def _of_links(links: list[tuple[str, str]]) -> Iterator[Finding]:
    if len(links) > LINKS_MANY:
        yield Finding("email.many_links", Severity.WARNING, "body", f"{len(links)} > {LINKS_MANY}")
    for address, words in dict.fromkeys(links):
        host, shown = _host(address), _host(words)
        if shown and host and host != shown and not host.endswith("." + shown):
            # Filters and customers take it for phishing.
            yield Finding("email.link_disguised", Severity.WARNING, "body", f"{shown} → {host}")
        if host in SHORTENERS:
            yield Finding("email.link_shortener", Severity.WARNING, "body", host)
        if address.lower().startswith("http://"):
            yield Finding("email.link_not_https", Severity.WARNING, "body", address[:100])
        if not words and host:
            yield Finding("email.link_without_words", Severity.HINT, "body", address[:100])


def _host(address: str) -> str:
    """Give the host of a web address, or nothing for other texts."""
    if not address.lower().startswith(("http://", "https://", "www.")):
        return ""
    try:
        host = urlsplit(address if "//" in address else f"https://{address}").hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.")


def _of_pictures(pictures: list[str | None], text: str) -> Iterator[Finding]:
    wordless = sum(alternative is None for alternative in pictures)
    if wordless:
        yield Finding("email.picture_without_words", Severity.WARNING, "body", str(wordless))
    if pictures and len(text.split()) < WORDS_FEW_BESIDE_PICTURES:
        yield Finding("email.mostly_pictures", Severity.WARNING, "body")
