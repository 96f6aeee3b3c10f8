"""What a template may declare: its variables, its languages, and how much of each."""

from collections.abc import Mapping, Sequence

from loyalty.delivery.contracts import TemplateVariable
from loyalty.delivery.policy import languages, templates
from loyalty.foundation.kernel.errors import FieldProblem

# More than anybody keeps in step with each other; each publication holds all of it.
LANGUAGES_MAX, VARIABLES_MAX = 20, 40
FALLBACK_LENGTH_MAX, SAMPLE_LENGTH_MAX = 200, 200


def problems_of(
    variables: Sequence[TemplateVariable], fallback_languages: Sequence[str], content: Mapping[str, object]
) -> list[FieldProblem]:
    """Tell what is wrong with the declarations of a template; the texts are held against their channel elsewhere."""
    return [*_of_variables(variables), *_of_languages(fallback_languages, content)]


def _of_variables(variables: Sequence[TemplateVariable]) -> list[FieldProblem]:
    found = []
    if len(variables) > VARIABLES_MAX:
        found.append(FieldProblem("variables", "too_many", f"At most {VARIABLES_MAX} variables."))
    names = [one.name for one in variables]
    for place, one in enumerate(variables):
        if not templates.NAME.fullmatch(one.name):
            message = "A name begins with a small letter and goes on with small letters, digits and _, at most 64."
            found.append(FieldProblem(f"variables.{place}.name", "invalid", message))
        if names.index(one.name) != place:
            found.append(FieldProblem(f"variables.{place}.name", "repeated", f"{one.name[:64]} is declared twice."))
        if one.fallback is not None and not templates.is_fallback(one.fallback):
            message = "A fallback is one line without braces and has not both kinds of quotes."
            found.append(FieldProblem(f"variables.{place}.fallback", "invalid", message))
    return found


def _of_languages(fallback_languages: Sequence[str], content: Mapping[str, object]) -> list[FieldProblem]:
    found = []
    if len(content) > LANGUAGES_MAX:
        found.append(FieldProblem("content", "too_many", f"At most {LANGUAGES_MAX} languages."))
    found += [
        FieldProblem(f"content.{str(tag)[:20]}", "language.invalid", "Write a language as en, ar or ar-LB.")
        for tag in content
        if not languages.is_tag(str(tag))
    ]
    found += [
        FieldProblem(f"fallback_languages.{place}", "language.invalid", "Write a language as en, ar or ar-LB.")
        for place, tag in enumerate(fallback_languages)
        if not languages.is_tag(tag)
    ]
    if not 1 <= len(fallback_languages) <= LANGUAGES_MAX:
        message = f"Name from 1 to {LANGUAGES_MAX} languages to write in where the customer's own has no text."
        found.append(FieldProblem("fallback_languages", "required", message))
    return found


def problems_of_publishing(fallback_languages: Sequence[str], content: Mapping[str, object]) -> list[FieldProblem]:
    """Tell what keeps a checked draft from being published."""
    if any(tag in content for tag in fallback_languages):
        return []
    message = f"There is no text in any fallback language ({', '.join(fallback_languages)})."
    return [FieldProblem("fallback_languages", "template.language_missing", message)]
