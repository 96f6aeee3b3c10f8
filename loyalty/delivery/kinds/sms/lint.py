"""What a text message costs: its alphabet, characters and segments, and what makes them more."""

from collections.abc import Iterator, Mapping

from loyalty.delivery.contracts import Finding, Rendered, Severity
from loyalty.delivery.kinds.lint import Linted
from loyalty.delivery.kinds.sms.segments import (
    BYTES_ALONE,
    BYTES_JOINED,
    SEGMENTS_MAX,
    SEPTETS_ALONE,
    SEPTETS_JOINED,
    Alphabet,
    Segmented,
    is_in_gsm,
    segments_of,
)

# From here on a text costs several times what a short one does.
SEGMENTS_MANY = 3
# A few characters outside of GSM's alphabet are mostly curly quotes that an editor made; more are a language.
STRANGERS_FEW = 5


def lint(parts: Mapping[str, str], rendered: Rendered) -> Linted:
    """Look at a text message as a customer gets it."""
    cut = segments_of(rendered.text)
    figures: dict[str, int | str] = {
        "alphabet": cut.alphabet.value,
        "characters": len(rendered.text),
        "segments": len(cut.bodies),
        "left": _left(cut),
    }
    return Linted(tuple(_findings(rendered.text, cut)), figures)


def _left(cut: Segmented) -> int:
    """Give how many more characters fit into the last segment."""
    if cut.alphabet is Alphabet.GSM7:
        return (SEPTETS_JOINED if cut.is_joined else SEPTETS_ALONE) - len(cut.bodies[-1])
    return ((BYTES_JOINED if cut.is_joined else BYTES_ALONE) - len(cut.bodies[-1])) // 2


def _findings(text: str, cut: Segmented) -> Iterator[Finding]:
    count = len(cut.bodies)
    if count > SEGMENTS_MAX:
        yield Finding("sms.too_long", Severity.ERROR, "body", f"{count} > {SEGMENTS_MAX}")
    elif count >= SEGMENTS_MANY:
        yield Finding("sms.many_segments", Severity.WARNING, "body", str(count))
    strangers = "".join(dict.fromkeys(character for character in text if not is_in_gsm(character)))
    if 0 < len(strangers) <= STRANGERS_FEW:
        # Each makes the whole text one of 70 characters a segment instead of 160.
        yield Finding("sms.costly_characters", Severity.WARNING, "body", strangers)
    if "http://" in text:
        yield Finding("sms.link_not_https", Severity.WARNING, "body")
