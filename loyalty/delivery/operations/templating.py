"""Templates: made and edited as a draft, published as versions that never change, referred to by their code."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from loyalty.delivery.contracts import TemplateDraft, TemplateVariable
from loyalty.delivery.errors import (
    ContentInvalid,
    TemplateCodeTaken,
    TemplateInUse,
    TemplateInvalid,
    TemplateNotFound,
    TemplateNothingNew,
)
from loyalty.delivery.kinds import registry
from loyalty.delivery.models import MessageTemplate, TemplateVersion
from loyalty.delivery.policy import drafts
from loyalty.delivery.policy.variables import LINK_VARIABLES, OWN_VARIABLES
from loyalty.delivery.queries import templating
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.editing import VersionCheck, any_version
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.orm.api import bump_version


def create_template(*, code: str, channel: str, draft: TemplateDraft, actor: Actor, now: datetime) -> MessageTemplate:
    """Make a template; nothing can be sent with it until it is published.

    :raises TemplateCodeTaken: another one has the code.
    :raises ChannelUnknown, ChannelNotAvailable: nothing can be sent there.
    :raises TemplateInvalid, ContentInvalid: ``problems`` say where.
    """
    template = MessageTemplate(code=code, channel=channel, **_columns(draft))
    refuse_problems(problems_of(channel, draft))
    try:
        with transaction.atomic():
            template.save()
            _record(template, "delivery.edit_templates", actor, now, before=None)
    except IntegrityError as fault:
        if MessageTemplate.objects.filter(code=code).exists():
            raise TemplateCodeTaken(f"Another template has the code {code}.") from fault
        raise
    return template


@transaction.atomic
def change_template(
    *,
    template_id: uuid.UUID,
    draft: TemplateDraft,
    is_archived: bool,
    actor: Actor,
    now: datetime,
    check_version: VersionCheck = any_version,
) -> MessageTemplate:
    """Put another draft in the place of the one that is edited; what is published stays.

    :param check_version: may refuse the version that stands.
    :raises TemplateNotFound: there is none.
    :raises TemplateInvalid, ContentInvalid: ``problems`` say where.
    """
    template = _lock(template_id)
    check_version(template.version)
    refuse_problems(problems_of(template.channel, draft))
    before = describe(template)
    for name, value in _columns(draft).items():
        setattr(template, name, value)
    template.is_archived = is_archived
    template.save()
    bump_version(template)
    _record(template, "delivery.edit_templates", actor, now, before=before)
    return template


@transaction.atomic
def delete_template(*, template_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """Delete a template that was never published.

    :raises TemplateInUse: it was.
    """
    template = _lock(template_id)
    if template.published is not None:
        raise TemplateInUse("It was published, and messages may refer to it; archive it instead.")
    _record(template, "delivery.edit_templates", actor, now, before=describe(template), is_gone=True)
    template.delete()


@transaction.atomic
def publish_template(
    *, template_id: uuid.UUID, note: str, actor: Actor, now: datetime, check_version: VersionCheck = any_version
) -> MessageTemplate:
    """Make the draft the version that messages opened from now on are written with.

    :param check_version: may refuse the version that stands.
    :raises TemplateNothingNew: it is what is published already.
    :raises TemplateInvalid: there is no text to fall back on, or the channel refuses it by now.
    """
    template = _lock(template_id)
    check_version(template.version)
    draft = draft_of(template)
    problems = problems_of(template.channel, draft)
    refuse_problems([*problems, *drafts.problems_of_publishing(draft.fallback_languages, draft.content)])
    told = _told(template)
    if template.published is not None:
        last = templating.get_version(template, template.published)
        if told == _told(last):
            raise TemplateNothingNew(f"The draft is version {last.number}.")
    number = (template.versions.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    TemplateVersion.objects.create(
        template=template, number=number, note=note[:500], published_by=actor.name[:200], published_at=now, **told
    )
    before = template.published
    template.published = number
    template.save(update_fields=["published"])
    bump_version(template)
    audit.record(
        actor=actor,
        act="delivery.publish_templates",
        subject_kind="message_template",
        subject_ref=str(template.public_id),
        at=now,
        before={"code": template.code, "published": before},
        after={"code": template.code, "published": number, "note": note},
    )
    return template


@transaction.atomic
def restore_version(
    *, template_id: uuid.UUID, number: int, actor: Actor, now: datetime, check_version: VersionCheck = any_version
) -> MessageTemplate:
    """Make an older version the draft; it counts when it is published anew.

    :param check_version: may refuse the version that stands.
    :raises TemplateNotFound: there is no such version.
    """
    template = _lock(template_id)
    check_version(template.version)
    version = templating.get_version(template, number)
    before = describe(template)
    for name, value in _told(version).items():
        setattr(template, name, value)
    template.save()
    bump_version(template)
    _record(template, "delivery.edit_templates", actor, now, before=before)
    return template


def problems_of(channel: str, draft: TemplateDraft) -> list[FieldProblem]:
    """Tell everything that is wrong with a draft.

    :raises ChannelUnknown, ChannelNotAvailable: nothing can be sent there.
    """
    kind = registry.get(channel)
    known = {*OWN_VARIABLES, *LINK_VARIABLES, *(one.name for one in draft.variables)}
    found = drafts.problems_of(draft.variables, draft.fallback_languages, draft.content)
    for language, parts in draft.content.items():
        found += kind.problems_of(parts, f"content.{language}", known)
    return found


def refuse_problems(problems: Sequence[FieldProblem]) -> None:
    """Refuse a draft that has problems; none is nothing to refuse."""
    if not problems:
        return
    is_template = any(problem.code.startswith("template.") for problem in problems)
    raise (TemplateInvalid if is_template else ContentInvalid)(problems[0].message, problems=list(problems))


def problems_of_reference(
    channel: str, content: Mapping[str, object], known: Sequence[str], field: str
) -> list[FieldProblem]:
    """Tell why a message cannot be written with what it refers to; ``known`` are the names it has values for."""
    place = f"{field}.template"
    template, version = templating.find_version(content)
    code = str(content["template"])[:60]
    if template is None:
        return [FieldProblem(place, "template.unknown", f"There is no template {code!r}.")]
    if template.channel != channel:
        message = f"The template {code} is one of {template.channel}, not of {channel}."
        return [FieldProblem(place, "template.other_channel", message)]
    if template.is_archived:
        return [FieldProblem(place, "template.archived", f"The template {code} is archived.")]
    if version is None:
        named = f"has no version {str(content.get('version'))[:20]}" if content.get("version") else "is not published"
        return [FieldProblem(place, "template.not_published", f"The template {code} {named}.")]
    return _unknown_variables(channel, version, known, place)


def _unknown_variables(channel: str, version: TemplateVersion, known: Sequence[str], place: str) -> list[FieldProblem]:
    """Tell the names that the source has no value for and that nothing stands in for."""
    texts = templating.texts_of(
        number=version.number,
        variables=version.variables,
        fallback_languages=version.fallback_languages,
        content=version.content,
    )
    kind = registry.get(channel)
    answered = {*known, *(one["name"] for one in version.variables if one["fallback"] is not None)}
    problems = [
        problem
        for parts in texts.by_language.values()
        for problem in kind.problems_of(parts, place, answered)
        if problem.code == "template.variable_unknown"
    ]
    return list({problem.message: problem for problem in problems}.values())


def pinned(channel: str, content: Mapping[str, str]) -> dict[str, str]:
    """Give the content as it is kept with a message: a reference names its version from then on.

    :raises TemplateNotFound: there is none that can be used.
    """
    if not templating.is_reference(content):
        return dict(content)
    template, version = templating.find_version(content)
    if template is None or version is None or template.channel != channel:
        raise TemplateNotFound(f"There is no published template {str(content['template'])[:60]!r} for {channel}.")
    return {"template": template.code, "version": str(version.number), templating.PINNED: str(version.public_id)}


def is_same(kept: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    """Tell whether a kept content is of the template asked for, whatever was published of it meanwhile."""
    if templating.PINNED not in kept or not templating.is_reference(asked):
        return False
    wanted = asked.get("version")
    return kept["template"] == asked["template"] and wanted in (None, "", kept["version"])


def draft_of(template: MessageTemplate | TemplateVersion, name: str = "") -> TemplateDraft:
    """Give what is kept of a template or a version as it is checked and rendered."""
    return TemplateDraft(
        name=name or (template.name if isinstance(template, MessageTemplate) else ""),
        description=template.description if isinstance(template, MessageTemplate) else "",
        variables=tuple(TemplateVariable(**one) for one in template.variables),
        fallback_languages=tuple(template.fallback_languages),
        content=template.content,
    )


def _columns(draft: TemplateDraft) -> dict[str, Any]:
    return {
        "name": draft.name,
        "description": draft.description,
        "variables": [asdict(one) for one in draft.variables],
        "fallback_languages": list(draft.fallback_languages),
        "content": {language: dict(parts) for language, parts in draft.content.items()},
    }


def _told(row: MessageTemplate | TemplateVersion) -> dict[str, Any]:
    return {
        "variables": row.variables,
        "fallback_languages": row.fallback_languages,
        "content": row.content,
    }


def _lock(template_id: uuid.UUID) -> MessageTemplate:
    found = MessageTemplate.objects.select_for_update().filter(public_id=template_id).first()
    if found is None:
        raise TemplateNotFound()
    return found


def describe(template: MessageTemplate) -> dict[str, Any]:
    """Give a template as the audit log keeps it."""
    return {
        "code": template.code,
        "channel": template.channel,
        "name": template.name,
        "description": template.description,
        **_told(template),
        "is_archived": template.is_archived,
    }


def _record(
    template: MessageTemplate,
    act: str,
    actor: Actor,
    now: datetime,
    *,
    before: dict[str, Any] | None,
    is_gone: bool = False,
) -> None:
    audit.record(
        actor=actor,
        act=act,
        subject_kind="message_template",
        subject_ref=str(template.public_id),
        at=now,
        before=before,
        after=None if is_gone else describe(template),
    )
