"""Defining the attributes that the operator keeps about customers."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from loyalty.customers.contracts import AttributeView
from loyalty.customers.errors import AttributeInvalid, AttributeNotFound, AttributesTooMany, AttributeTaken
from loyalty.customers.models import Attribute
from loyalty.customers.policy import ATTRIBUTES_MAX, problems_of_attribute
from loyalty.customers.queries import attribute_of
from loyalty.customers.registry import tell_attributes
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.editing import VersionCheck, any_version
from loyalty.foundation.orm.api import bump_version

EDITABLE = ("label", "description", "choices", "is_active")


def define_attribute(
    *,
    code: str,
    label: str,
    kind: str,
    description: str = "",
    choices: Sequence[str] = (),
    actor: Actor,
    now: datetime,
) -> AttributeView:
    """Define an attribute; rules read it as ``attribute_<code>`` from now on.

    :raises AttributeInvalid: ``problems`` say what is wrong.
    :raises AttributeTaken: there is one of this code.
    :raises AttributesTooMany: there are as many as may be.
    """
    _check(code, label, kind, choices)
    if Attribute.objects.count() >= ATTRIBUTES_MAX:
        raise AttributesTooMany(f"At most {ATTRIBUTES_MAX} attributes are defined.")
    try:
        with transaction.atomic():
            made = Attribute.objects.create(
                code=code, label=label, kind=kind, description=description, choices=list(choices)
            )
            _settle(made, None, actor, now)
    except IntegrityError:
        raise AttributeTaken(f"There is an attribute {code!r} already.") from None
    return attribute_of(made)


@transaction.atomic
def change_attribute(
    *,
    attribute_id: uuid.UUID,
    changes: dict[str, Any],
    actor: Actor,
    now: datetime,
    check_version: VersionCheck = any_version,
) -> AttributeView:
    """Change what an attribute is called, what may be chosen, or whether it is set and read; code and kind stay.

    ``check_version`` may refuse the version that stands.

    :param changes: any of ``EDITABLE``.
    :raises AttributeNotFound: there is none.
    :raises AttributeInvalid: ``problems`` say what is wrong.
    """
    row = Attribute.objects.select_for_update().filter(public_id=attribute_id).first()
    if row is None:
        raise AttributeNotFound()
    check_version(row.version)
    before = _told(row)
    for name in EDITABLE:
        if name in changes:
            setattr(row, name, list(changes[name]) if name == "choices" else changes[name])
    _check(row.code, row.label, row.kind, row.choices)
    if _told(row) != before:
        row.save()
        bump_version(row)
        _settle(row, before, actor, now)
    return attribute_of(row)


def _check(code: str, label: str, kind: str, choices: Sequence[str]) -> None:
    problems = problems_of_attribute(code, label, kind, choices)
    if problems:
        raise AttributeInvalid(problems[0].message, problems=problems)


def _settle(row: Attribute, before: dict[str, Any] | None, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor, act="customers.manage_attributes", subject_kind="customer_attribute", subject_ref=row.code, at=now,
        before=before, after=_told(row),
    )  # fmt: skip
    tell_attributes(now=now)


def _told(row: Attribute) -> dict[str, Any]:
    return {"kind": row.kind, **{name: getattr(row, name) for name in EDITABLE}}
