"""Changes a section: checked whole, versioned, audited, put under approval where demanded, effective at once."""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.configuration import queries, registry
from loyalty.foundation.configuration.contracts import Saved, SectionSpec
from loyalty.foundation.configuration.errors import ChangedMeanwhile, ValuesInvalid
from loyalty.foundation.configuration.kinds.sealing import SECRETS, seal_text, unseal_text
from loyalty.foundation.configuration.models import SealedSecret, SectionVersion, StoredSection
from loyalty.foundation.configuration.policy.values import CHANGED, changes_between, moves, read_values
from loyalty.foundation.kernel import approving
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.phrases import Phrase, Words
from loyalty.foundation.kernel.redaction import remember_secret
from loyalty.foundation.orm import sql

APPROVAL_KIND = "configuration.change"
ACT = "configuration.manage"
APPROVAL_WORDS: Words = {
    "en": {"change": "{section}: change {names}", "back": "{section}: back to version {version}"},
    "ar": {"change": "{section}: تغيير {names}", "back": "{section}: العودة إلى الإصدار {version}"},
}
NEW_MARK = """
    INSERT INTO configuration_stamp (id, mark) VALUES (1, %s) ON CONFLICT (id) DO UPDATE SET mark = excluded.mark
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A change that was read: values to save (None: back to the default) and secrets (None: take away)."""

    spec: SectionSpec
    values: Mapping[str, Any]
    secrets: Mapping[str, str | None]
    reason: str
    restored_from: int | None = None
    is_whole: bool = False
    act: str = ACT


@dataclass(slots=True)
class _Draft:
    """What the change comes to, before it is written."""

    row: StoredSection
    after: dict[str, Any]
    cleared: list[str] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)


def save(
    *,
    code: str,
    values: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    expected_version: int | None = None,
    reason: str = "",
    act: str = ACT,
) -> Saved:
    """Change what is named; None goes back to the environment, a secret of None is taken away.

    :param act: the permission that the change needed, where it is another than the section's own route asks for.

    When a field of the endpoint changes, all secrets of the section are forgotten that do not come along.

    :raises ValuesInvalid: tells each field that cannot be used; nothing is changed.
    :raises ChangedMeanwhile: the section has another version than ``expected_version``.
    :raises WaitsForApproval: a workflow demands consent; the change was asked for.
    """
    spec = registry.get_section(code)
    read, problems = read_values(spec, values)
    for name, value in values.items():
        if (one := spec.field(str(name))) is not None and one.is_secret and isinstance(value, str):
            remember_secret(value)
    if problems:
        raise ValuesInvalid("Some values cannot be used.", problems=problems)
    secrets = {one.name: read.pop(one.name) or None for one in spec.secrets if one.name in read}
    return _settle(Change(spec, read, secrets, reason, act=act), actor, now, expected_version)


def roll_back(
    *, code: str, version: int, actor: Actor, now: datetime, expected_version: int | None = None, reason: str = ""
) -> Saved:
    """Give a section the values of an earlier version, as a new one; 0 is "nothing saved".

    Secrets are of no version: they stay, unless the connection leads elsewhere then.

    :raises VersionUnknown: the section never had it.
    :raises ValuesInvalid: its values cannot be used any more.
    """
    spec = registry.get_section(code)
    held = queries.get_version(code, version).values if version else {}
    values = {name: value for name, value in held.items() if spec.field(name)}
    change = Change(spec, values, {}, reason, restored_from=version, is_whole=True)
    return _settle(change, actor, now, expected_version)


def _settle(change: Change, actor: Actor, now: datetime, expected_version: int | None) -> Saved:
    with transaction.atomic():
        row = _locked(change.spec.code)
        if expected_version is not None and expected_version != row.version:
            raise ChangedMeanwhile("Someone else changed this section; read it again.", current_version=row.version)
        draft = _draft(change, row)
        waiting = _propose(change, draft, actor, now) if change.spec.needs_approval and draft.changes else None
        outcome: Saved | approving.Waiting = waiting or _write(change, draft, actor, now)
    return approving.settled(outcome)


def _locked(code: str) -> StoredSection:
    StoredSection.objects.bulk_create([StoredSection(code=code)], ignore_conflicts=True)
    return StoredSection.objects.select_for_update().get(code=code)


def _draft(change: Change, row: StoredSection) -> _Draft:
    """Work out what the section would be, and check it whole.

    :raises ValuesInvalid: it could not be used so.
    """
    spec, before = change.spec, dict(row.values)
    after = dict(change.values) if change.is_whole else {**before, **change.values}
    after = {name: value for name, value in after.items() if value is not None and spec.field(name)}
    counted_before, counted_after = queries.effective(spec, before), queries.effective(spec, after)
    stored = {one.field: one for one in SealedSecret.objects.filter(code=spec.code)}
    draft = _Draft(row, after)
    if moves(spec, counted_before, counted_after):
        draft.cleared = sorted(
            one.name
            for one in spec.secrets
            if change.secrets.get(one.name) is None and (one.name in stored or counted_before[one.name])
        )
    touched = {name for name, text in change.secrets.items() if text is not None or name in stored}
    if spec.validate is not None:
        kept = {
            name: unseal_text(one.sealed, associated=f"{SECRETS.associated}:{one.id}")
            for name, one in stored.items()
            if name not in touched and name not in draft.cleared
        }
        given = {name: text for name, text in change.secrets.items() if text is not None}
        problems = spec.validate({**counted_after, **kept, **given})
        if problems:
            raise ValuesInvalid("Some values cannot be used.", problems=problems)
    draft.changes = changes_between(spec, before, after, touched | set(draft.cleared))
    return draft


def _write(change: Change, draft: _Draft, actor: Actor, now: datetime) -> Saved:
    code, row = change.spec.code, draft.row
    changed = tuple(one["field"] for one in draft.changes)
    if not changed:
        return Saved(code, row.version, (), ())
    gone = {*draft.cleared, *(name for name, text in change.secrets.items() if text is None)}
    SealedSecret.objects.filter(code=code, field__in={*gone, *change.secrets}).delete()
    for name, text in change.secrets.items():
        if text is not None:
            secret = SealedSecret(id=uuid.uuid4(), code=code, field=name, changed_at=now)
            # Sealed for the row that is about to be: the text would not open in another one.
            secret.sealed = seal_text(text, associated=f"{SECRETS.associated}:{secret.id}")
            secret.save(force_insert=True)
    row.version, row.values = row.version + 1, draft.after
    row.changed_at, row.changed_by = now, actor.name
    row.save()
    SectionVersion.objects.create(
        code=code,
        version=row.version,
        values=draft.after,
        changes=draft.changes,
        changed_at=now,
        changed_by=actor.name,
        reason=change.reason,
        restored_from=change.restored_from,
    )
    audit.record(
        actor=actor,
        act=change.act,
        subject_kind="configuration",
        subject_ref=code,
        at=now,
        before=_told(draft, "before"),
        after={**_told(draft, "after"), "version": row.version},
        reason=change.reason,
    )
    sql.execute(NEW_MARK, [uuid.uuid4()])
    if change.spec.on_changed is not None:
        change.spec.on_changed()
    return Saved(code, row.version, changed, tuple(draft.cleared))


def _told(draft: _Draft, side: str) -> dict[str, Any]:
    return {one["field"]: one[side] if not one["is_secret"] or side == "after" else None for one in draft.changes}


# -- Under approval --------------------------------------------------------------------------------------------------


def _propose(change: Change, draft: _Draft, actor: Actor, now: datetime) -> approving.Waiting | None:
    if not approving.is_demanded(APPROVAL_KIND):
        return None
    # The request keeps what a checker must not see in the form in which the table keeps it.
    sealed = {
        name: None
        if text is None
        else base64.b64encode(seal_text(text, associated=_waits(change.spec.code, name))).decode()
        for name, text in change.secrets.items()
    }
    return approving.submit(
        approving.Proposal(
            kind=APPROVAL_KIND,
            subject_kind="configuration",
            subject_ref=change.spec.code,
            payload={
                "section": change.spec.code,
                "version": draft.row.version,
                "values": dict(change.values),
                "sealed": sealed,
                "reason": change.reason,
                "restored_from": change.restored_from,
                "is_whole": change.is_whole,
            },
            before=_told(draft, "before"),
            after=_told(draft, "after"),
            actor=actor,
            reason=change.reason,
            now=now,
        )
    )


def _waits(code: str, name: str) -> str:
    return f"configuration.waiting:{code}:{name}"


def apply_approved(payload: Mapping[str, Any], *, actor: Actor, now: datetime) -> Mapping[str, Any]:
    """Make a change that was approved, in the transaction of the decision."""
    code = str(payload["section"])
    secrets = {
        name: None if text is None else unseal_text(base64.b64decode(text), associated=_waits(code, name))
        for name, text in payload["sealed"].items()
    }
    change = Change(
        registry.get_section(code),
        payload["values"],
        secrets,
        str(payload["reason"]),
        restored_from=payload["restored_from"],
        is_whole=bool(payload["is_whole"]),
    )
    saved = _write(change, _draft(change, _locked(code)), actor, now)
    return {"section": saved.code, "version": saved.version, "changed": list(saved.changed)}


def is_still_valid(payload: Mapping[str, Any], *, now: datetime) -> bool:
    """Lock the section and tell whether it still has the version that the change was made on."""
    return bool(_locked(str(payload["section"])).version == payload["version"])


def describe_approval(payload: Mapping[str, Any]) -> Phrase:
    """Say the change in one sentence."""
    section = registry.get_section(str(payload["section"])).titles
    if payload["restored_from"] is not None:
        # A version is a name, not an amount.
        return Phrase("back", {"section": section, "version": str(payload["restored_from"])})
    return Phrase("change", {"section": section, "names": sorted({*payload["values"], *payload["sealed"]})})


__all__ = [
    "APPROVAL_KIND",
    "APPROVAL_WORDS",
    "CHANGED",
    "apply_approved",
    "describe_approval",
    "is_still_valid",
    "roll_back",
    "save",
]
