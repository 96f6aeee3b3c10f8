"""Trying a template: how it looks for a customer, what it costs, and what may hurt it on its way."""

from collections.abc import Mapping

from loyalty.delivery.contracts import TemplateDraft, TemplatePreview
from loyalty.delivery.errors import VariableMissing
from loyalty.delivery.kinds import links, lint, registry
from loyalty.delivery.operations.templating import problems_of, refuse_problems
from loyalty.delivery.policy import drafts
from loyalty.delivery.policy.variables import PREFERENCES
from loyalty.delivery.queries.templating import texts_of


def preview_template(
    *, channel: str, draft: TemplateDraft, number: int, values: Mapping[str, object], language: str
) -> TemplatePreview:
    """Give a draft or a version as a customer with these values and this language would get it.

    A variable without a value shows its sample, so that a template can be looked at without a customer's data; one
    that has neither, and no fallback, is named in ``missing``.

    :raises ChannelUnknown, ChannelNotAvailable: nothing can be sent there.
    :raises TemplateInvalid, ContentInvalid: ``problems`` say where the draft is wrong.
    """
    problems = problems_of(channel, draft)
    refuse_problems([*problems, *drafts.problems_of_publishing(draft.fallback_languages, draft.content)])
    kind = registry.get(channel)
    texts = texts_of(
        number=number,
        variables=[{"name": one.name, "fallback": one.fallback} for one in draft.variables],
        fallback_languages=draft.fallback_languages,
        content=draft.content,
    )
    chosen = texts.choose(language)
    parts = texts.by_language[chosen]
    samples = {one.name: one.sample for one in draft.variables if one.sample}
    own = {PREFERENCES: links.preferences_url(None)}
    languages = tuple(sorted(draft.content))
    try:
        rendered = kind.render(parts, {**samples, **values, **own}, send_id=None, is_marketing=True)
    except VariableMissing as missing:
        return TemplatePreview(chosen, languages, None, missing.name, (), {})
    looked = lint.look_at(channel, parts, rendered)
    return TemplatePreview(chosen, languages, rendered, "", looked.findings, looked.figures)
