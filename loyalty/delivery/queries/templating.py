"""Reads of templates: what a reference names, and the parts that a customer of a language gets."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from loyalty.delivery.errors import TemplateNotFound
from loyalty.delivery.models import MessageTemplate, TemplateVersion
from loyalty.delivery.policy import languages, templates
from loyalty.foundation.orm import sql

# A reference as others write it, and as it is kept with a message, where it names one version for ever.
REFERENCE_FIELDS = frozenset({"template", "version"})
PINNED = "version_id"


@dataclass(frozen=True, slots=True)
class Texts:
    """A template's texts, ready to be rendered: parts by language, fallbacks of variables written in."""

    number: int
    fallback_languages: tuple[str, ...]
    by_language: Mapping[str, Mapping[str, str]]

    def choose(self, language: str) -> str:
        """Give the language that a customer of a language gets."""
        return languages.choose(self.by_language, language, self.fallback_languages)


def is_reference(content: Mapping[str, object]) -> bool:
    """Tell whether a content names a template instead of holding the parts.

    A channel may have a part of that name itself; its content then has other parts beside it.
    """
    return "template" in content and content.keys() <= {*REFERENCE_FIELDS, PINNED}


def find_version(content: Mapping[str, object]) -> tuple[MessageTemplate | None, TemplateVersion | None]:
    """Find the template that a reference names, and the version: the one it names, or the one that is published."""
    template = MessageTemplate.objects.filter(code=str(content["template"])[:60]).first()
    if template is None:
        return None, None
    wanted = content.get("version")
    number = template.published if wanted in (None, "") else _number(wanted)
    found = TemplateVersion.objects.filter(template=template, number=number).first() if number else None
    return template, found


def _number(given: object) -> int | None:
    text = str(given)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 6 else None


def get_version(template: MessageTemplate, number: int) -> TemplateVersion:
    """Give a version of a template.

    :raises TemplateNotFound: it has none of this number.
    """
    found = TemplateVersion.objects.filter(template=template, number=number).first()
    if found is None:
        raise TemplateNotFound(f"The template has no version {number}.")
    return found


def texts_of(*, number: int, variables: Any, fallback_languages: Any, content: Any) -> Texts:
    """Make the texts of a definition ready."""
    fallbacks = {one["name"]: one["fallback"] for one in variables if one.get("fallback") is not None}
    return Texts(
        number=number,
        fallback_languages=tuple(fallback_languages),
        by_language={
            language: {part: templates.with_fallbacks(text, fallbacks) for part, text in parts.items()}
            for language, parts in content.items()
        },
    )


@lru_cache(maxsize=256)
def _texts_of_version(version_id: uuid.UUID) -> Texts:
    # A version never changes, so what was read once stays right for as long as the process lives.
    row = TemplateVersion.objects.get(public_id=version_id)
    return texts_of(
        number=row.number, variables=row.variables, fallback_languages=row.fallback_languages, content=row.content
    )


def parts_for(kept: Mapping[str, str], language: str) -> Mapping[str, str]:
    """Give the parts that a customer of a language gets of a kept content: itself, or those of its template."""
    if PINNED not in kept:
        return kept
    texts = _texts_of_version(uuid.UUID(kept[PINNED]))
    return texts.by_language[texts.choose(language)]


def parts_of_reference(content: Mapping[str, Any], language: str = "") -> list[Mapping[str, str]]:
    """Give the parts of a content in one language, or in all of them when none is named.

    :raises TemplateNotFound: a reference names none that can be used.
    """
    if not is_reference(content):
        return [content]
    _, version = find_version(content)
    if version is None:
        raise TemplateNotFound(f"There is no published template {str(content['template'])[:60]!r}.")
    texts = _texts_of_version(version.public_id)
    return [texts.by_language[texts.choose(language)]] if language else list(texts.by_language.values())


def language_of(customer_id: uuid.UUID, language: str) -> str:
    """Give the language that a customer is written to in: their own choice, else ``language``, as the BSS says."""
    row = sql.fetch_one(
        """
        SELECT f.language FROM delivery_preference f JOIN customers_directory d ON d.customer_id = f.customer_id
        WHERE d.public_id = %s
        """,
        [customer_id],
    )
    return (row["language"] if row else "") or language


def list_languages() -> list[str]:
    """Give the languages that anything is written in: those of the published templates."""
    rows = sql.fetch_all(
        """
        SELECT DISTINCT l.tag FROM delivery_template t
        JOIN delivery_template_version v ON v.template_id = t.id AND v.number = t.published
        CROSS JOIN LATERAL jsonb_object_keys(v.content) AS l (tag) WHERE NOT t.is_archived ORDER BY 1
        """
    )
    return [row["tag"] for row in rows]
