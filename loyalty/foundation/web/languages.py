"""The language in which an answer's sentences are said."""

from collections.abc import Mapping

LANGUAGES = ("en", "ar")
# Nobody speaks more languages than this; the rest of a longer header is not read.
_PREFERENCES_MAX = 10


def language_of(header: str | None) -> str:
    """The first language of an Accept-Language header that we speak, by its weights; English for none.

    A region or script behind the language ("ar-EG") does not matter.
    """
    wanted: list[tuple[float, str]] = []
    for part in (header or "").split(",")[:_PREFERENCES_MAX]:
        name, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((float(weight or 1), name.strip().lower().split("-")[0]))
        except ValueError:
            continue
    spoken = [(weight, name) for weight, name in wanted if name in LANGUAGES and weight > 0]
    return max(spoken, key=lambda one: one[0])[1] if spoken else LANGUAGES[0]


def language_in(context: Mapping[str, object]) -> str:
    """The language of the request for which a serializer answers; English where there is none."""
    headers = getattr(context.get("request"), "headers", None)
    return language_of(headers.get("Accept-Language") if headers is not None else None)
