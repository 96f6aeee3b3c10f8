"""Which language a customer is written to in: their own, a wider form of it, then the ones that the operator named."""

import re
from collections.abc import Collection, Sequence

# A language with at most a script and a region (BCP 47), as the BSS and browsers write it.
TAG = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Z]{2}|[0-9]{3}))?")
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


def is_tag(text: str) -> bool:
    """Tell whether a text names a language: ``en``, ``ar-LB``, ``zh-Hant``."""
    return TAG.fullmatch(text) is not None


def chain_of(wanted: str, fallbacks: Sequence[str]) -> tuple[str, ...]:
    """Give what is looked for, in order: the wanted tag, shortened from its end (RFC 4647, 3.4), then the fallbacks."""
    parts = wanted.replace("_", "-").split("-") if wanted else []
    own = ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return tuple(dict.fromkeys([*own, *fallbacks]))


def choose(available: Collection[str], wanted: str, fallbacks: Sequence[str]) -> str:
    """Give the language to write in; ``fallbacks`` holds at least one that is available.

    Tags are compared without case, as they are meant (RFC 5646, 2.1.1).
    """
    by_folded = {tag.casefold(): tag for tag in available}
    found = (by_folded.get(tag.casefold()) for tag in chain_of(wanted, fallbacks))
    return next(tag for tag in found if tag is not None)


def is_right_to_left(tag: str) -> bool:
    """Tell whether a language is written from right to left."""
    return tag.split("-", maxsplit=1)[0].casefold() in RIGHT_TO_LEFT
