"""Trying a template: how it looks for a customer, what may hurt it on its way, one sent to an address of one's own."""

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from loyalty.delivery.contracts import MessageRequest, Purpose, TemplateDraft, TemplatePreview
from loyalty.delivery.errors import TestAddressInvalid, TestValueMissing, VariableMissing
from loyalty.delivery.kinds import links, lint, registry
from loyalty.delivery.models import MessageTemplate
from loyalty.delivery.operations.enqueue import enqueue_test, open_message
from loyalty.delivery.operations.templating import problems_of, refuse_problems
from loyalty.delivery.policy import drafts
from loyalty.delivery.policy.templates import is_fallback
from loyalty.delivery.policy.variables import PREFERENCES
from loyalty.delivery.queries.templating import texts_of
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm import sql

# The row of a test that is written for nobody in particular.
NOBODY = 0


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


@transaction.atomic
def test_template(
    *,
    template: MessageTemplate,
    draft: TemplateDraft,
    number: int,
    values: Mapping[str, object],
    language: str,
    customer_id: uuid.UUID | None,
    to: str,
    actor: Actor,
    now: datetime,
) -> uuid.UUID:
    """Send a draft or a version, as ``preview_template`` shows it, to an address of the operator's own; give its id.

    It counts nowhere, no consent is asked for, and its way out withdraws nobody's. ``values`` are those of the
    customer, if one is named, and what else a place may show.

    :raises TestAddressInvalid: nothing of the channel can go there.
    :raises TestValueMissing: a variable has neither value, nor fallback, nor sample.
    :raises ChannelUnknown, ChannelNotAvailable, TemplateInvalid, ContentInvalid: as the preview.
    """
    kind = registry.get(template.channel)
    if not kind.is_address(to):
        message = f"This is not {kind.address_words}."
        raise TestAddressInvalid(message, problems=[FieldProblem("to", TestAddressInvalid.code, message)])
    shown = preview_template(channel=template.channel, draft=draft, number=number, values=values, language=language)
    if shown.missing:
        raise TestValueMissing(f"{shown.missing} has no value, no fallback and no sample.", name=shown.missing)
    test_id = new_public_id()
    request = MessageRequest(
        occurrence_key=f"template-test:{test_id}",
        channel=template.channel,
        purpose=Purpose.MARKETING,
        content=_test_content(draft, number, shown.language, is_for_nobody=customer_id is None),
        variables=tuple(one.name for one in draft.variables),
        source_kind="template_test",
        source_ref=template.public_id,
        priority=0,
        is_test=True,
    )
    opened = open_message(request=request, now=now)
    variables = {**{one.name: one.sample for one in draft.variables if one.sample}, **values}
    enqueue_test(message_id=opened.id, customer=_row_of(customer_id), variables=variables, to=to, now=now)
    audit.record(
        actor=actor,
        act="delivery.test_templates",
        subject_kind="message_template",
        subject_ref=str(template.public_id),
        at=now,
        after={"test_id": str(test_id), "version": number or None, "language": shown.language},
    )
    return test_id


def _test_content(draft: TemplateDraft, number: int, language: str, *, is_for_nobody: bool) -> Mapping[str, str]:
    """Give the parts of one language with the fallbacks written in.

    What delivery knows of a customer itself comes fresh when the message is begun. Nobody has none of it, so there the
    sample stands in, as it does in the preview.
    """
    texts = texts_of(
        number=number,
        variables=[
            {
                "name": one.name,
                "fallback": one.sample if is_for_nobody and one.sample and is_fallback(one.sample) else one.fallback,
            }
            for one in draft.variables
        ],
        fallback_languages=draft.fallback_languages,
        content=draft.content,
    )
    return texts.by_language[language]


def _row_of(customer_id: uuid.UUID | None) -> int:
    row = sql.fetch_one("SELECT d.customer_id FROM customers_directory d WHERE d.public_id = %s", [customer_id])
    return int(row["customer_id"]) if row else NOBODY
