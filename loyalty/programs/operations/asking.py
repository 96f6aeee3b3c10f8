"""Asking: publishing a program, and changing what an active one promises, may wait for others."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from loyalty.foundation.approvals import api as approvals
from loyalty.foundation.kernel.actor import Actor
from loyalty.programs import policy
from loyalty.programs.contracts import ProgramDocument, ProgramStatus
from loyalty.programs.models import Program

PUBLISH, EARN, BURN = "programs.publish", "programs.change_earn_rules", "programs.change_burn_rules"
TITLES = {
    PUBLISH: "Publication of a program",
    EARN: "Change of an active program's earn rules",
    BURN: "Change of an active program's burn rules",
}
WORDS: approvals.Words = {
    "en": {**{kind: f"{title}: {{name}}{{since}}" for kind, title in TITLES.items()}, "since": " from {moment}"},
    "ar": {
        PUBLISH: "نشر برنامج: {name}{since}",
        EARN: "تغيير قواعد كسب برنامج نشط: {name}{since}",
        BURN: "تغيير قواعد صرف برنامج نشط: {name}{since}",
        "since": " اعتبارًا من {moment}",
    },
}
EARN_FIELDS = ("earn_rules", "earn_rule", "stacking", "earn_base", "activation", "caps", "earn_cap_daily", "referral")
BURN_FIELDS = ("burn_rule", "burn", "point_value")


def kinds_of(before: ProgramDocument | None, after: ProgramDocument) -> list[str]:
    """Give the kinds of change that a write is: the most particular one first. A draft's changes are none."""
    if after.status is not ProgramStatus.ACTIVE:
        return []
    if before is None or before.status is not ProgramStatus.ACTIVE:
        return [PUBLISH]
    if not policy.are_promises_changed(before, after):
        return []
    touched = {one.name for one in fields(ProgramDocument) if getattr(before, one.name) != getattr(after, one.name)}
    kinds = [kind for kind, names in ((EARN, EARN_FIELDS), (BURN, BURN_FIELDS)) if touched & set(names)]
    return [*kinds, PUBLISH]


def ask(
    program: Program | None, before: ProgramDocument | None, after: ProgramDocument, *, effective_at: datetime | None,
    actor: Actor, now: datetime,
) -> approvals.Waiting | None:  # fmt: skip
    """Ask for a write that the caller has checked, when a workflow demands it; the program is held by the caller.

    One request waits for it even where several kinds are demanded: that of the most particular one.
    """
    for kind in kinds_of(before, after):
        if not approvals.is_demanded(kind):
            continue
        ref = str(program.public_id) if program else f"new {after.code}"
        payload = {
            "program_id": program.public_id if program else None, "version": program.version if program else 0,
            "document": asdict(after), "effective_at": effective_at, "name": after.name, "kind": kind,
        }  # fmt: skip
        waiting = approvals.submit(
            approvals.Proposal(
                kind=kind, subject_kind="program", subject_ref=ref, payload=payload,
                before=asdict(before) if before else {}, after={**asdict(after), "effective_at": effective_at},
                actor=actor, now=now,
            )
        )  # fmt: skip
        if waiting is not None:
            return waiting
    return None


def read(payload: Mapping[str, Any]) -> tuple[uuid.UUID | None, ProgramDocument, datetime | None]:
    """Give what was asked for: of which program (None makes one), the document, and from when."""
    document = policy.read_part(ProgramDocument, payload["document"])
    program_id = uuid.UUID(payload["program_id"]) if payload["program_id"] else None
    effective_at = datetime.fromisoformat(payload["effective_at"]) if payload["effective_at"] else None
    return program_id, document, effective_at


def is_still_valid(payload: Mapping[str, Any], *, now: datetime) -> bool:
    """Hold the program and tell whether it is as it was read."""
    if payload["program_id"] is None:
        return not Program.objects.filter(code=payload["document"]["code"]).exists()
    found = Program.objects.select_for_update().filter(public_id=payload["program_id"]).first()
    return found is not None and found.version == payload["version"]


def describe(payload: Mapping[str, Any]) -> approvals.Phrase:
    """Say what is asked for."""
    moment = payload["effective_at"]
    since = approvals.Phrase("since", {"moment": moment}) if moment else ""
    return approvals.Phrase(payload["kind"], {"name": payload["name"], "since": since})
