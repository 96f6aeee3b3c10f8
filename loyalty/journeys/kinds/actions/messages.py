"""What every action that writes to customers has in common: a message for a batch, placed in one statement.

The send ledger knows a customer once for each message, and one customer may come to a node several times. So each
batch opens a message of its own, named after the steps that it is for: the same steps again give the same message, and
nobody is written to twice.
"""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from loyalty.delivery import api as delivery
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.orm import sql
from loyalty.journeys.contracts import (
    FAILURE,
    SKIP,
    SUCCESS,
    ActionCall,
    ActionOutcome,
    ActionRow,
    FieldKind,
    FieldSpec,
    Problem,
    Severity,
)
from loyalty.journeys.kinds.actions import values
from loyalty.journeys.kinds.actions.protocol import Effect
from loyalty.journeys.policy import variables
from loyalty.journeys.policy.reasons import PHRASES, Reason, refused_by

SOURCE_KIND = "journey"
# What a text may name without saying where it comes from, and where that is.
SHORT = {
    "journey_name": "journey.name",
    **{name: f"account.{name}" for name in variables.ACCOUNT},
}
# A name that begins so means a field of the event, or of the context.
PREFIXES = {"event_": "event.", "context_": "context."}

AUDIENCE = """
    SELECT u.customer_id, u.customer_public_id, u.variables
    FROM unnest(%(audience_ids)s::bigint[], %(audience_public_ids)s::uuid[], %(audience_values)s::jsonb[])
        AS u (customer_id, customer_public_id, variables)
"""
PLACED = """
    SELECT s.customer_id, s.send_public_id, s.state, s.reason FROM delivery_sends s
    WHERE s.occurrence_key = %s AND s.channel = %s
"""

TEMPLATE = FieldSpec(
    "template", FieldKind.TEMPLATE, "Template", maximum=100, description="A published template, instead of own words."
)
VARIABLES = FieldSpec(
    *("variables", FieldKind.VARIABLES, "Values"),
    description="What the names in the text stand for: words, or {{customer.first_name}}, {{account.points_balance}}, "
    "{{event.amount}}, {{context.name}}, {{feature.name}}.",
)
PURPOSE = FieldSpec(
    "purpose", FieldKind.CHOICE, "Purpose", choices=tuple(one.value for one in delivery.Purpose), default="marketing"
)


class MessageAction:
    """One channel's action; subclasses say the channel and how a config becomes a content."""

    group = "messages"
    channel: str
    title: str
    # The parts of a content, each with the field of the config that holds it.
    parts: Mapping[str, str]
    # Those that may be left out.
    optional: frozenset[str] = frozenset()

    @property
    def unavailable_reason(self) -> str:
        """Why nothing can be sent here; empty when it can."""
        if self.channel in delivery.list_channels():
            return ""
        return Reason("channel_missing", channel=self.channel)

    def content_of(self, config: Mapping[str, Any]) -> dict[str, str]:
        """Give the channel's content: a reference to a template, or the own words."""
        if config.get("template"):
            return {"template": str(config["template"])}
        told = {part: str(config.get(field) or "") for part, field in self.parts.items()}
        return {part: words for part, words in told.items() if words or part not in self.optional}

    def problems_of(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Hold the content against the channel, and the values against what there is."""
        found = values.problems_of(config.get("variables"), "variables")
        given = config.get("variables")
        for name in given if isinstance(given, Mapping) else ():
            if not variables.NAME.match(str(name)):
                found.append(
                    Problem(
                        "journeys.variable_unknown", f"{str(name)[:60]!r} is no name of a value.",
                        "Use small letters, digits and underscores.", field="variables",
                    )
                )  # fmt: skip
        content = self.content_of(config)
        if config.get("template"):
            spare = [field for field in self.parts.values() if config.get(field)]
            found += [
                Problem(
                    "journeys.words_ignored", "The template's words are sent, not these.",
                    "Remove either the template or the words.", severity=Severity.WARNING, field=field,
                )
                for field in spare
            ]  # fmt: skip
        try:
            names = tuple(self._allowed(delivery.list_variables(self.channel, content), config))
            delivery.check_content(channel=self.channel, content=content, variables=names, field="content")
        except Refusal as refusal:
            found += [_content_problem(self, refusal.code, one.field, one.message) for one in refusal.problems] or [
                _content_problem(self, refusal.code, "", refusal.detail)
            ]
        return found

    def preview(self, call: ActionCall, row: ActionRow, *, now: datetime) -> Effect:
        """Render the message for one customer and ask the contact policy; nothing is placed."""
        try:
            return self._preview(call, row, now)
        except Refusal as refusal:
            # The template is gone, or what it says cannot be read any more.
            return Effect(refused_by(refusal), FAILURE, {}, result={"code": refusal.code})

    def _preview(self, call: ActionCall, row: ActionRow, now: datetime) -> Effect:
        content = self.content_of(call.config)
        told = self._values(call, [row], now)[0]
        count = delivery.count_audience(
            audience=_audience([row], [told]), channel=self.channel, purpose=_purpose(call.config), now=now
        )
        refused = next((reason for reason, customers in count.excluded.items() if customers), "")
        own = values.known_of(call, [row], ["customer.id"], now=now).customers.get(row.customer, {})
        shown: dict[str, Any] = {"channel": self.channel, "subject": "", "html": "", "text": ""}
        warnings: list[str] = []
        try:
            rendered = delivery.render_preview(
                channel=self.channel,
                content=content,
                values={**told, **own},
                language=str(own.get("language") or ""),
            )
            shown |= {"subject": rendered.subject, "html": rendered.html, "text": rendered.text}
        except delivery.VariableMissing as missing:
            warnings.append(Reason("value_missing", name=missing.name))
        if refused:
            return Effect(not_sent(refused), SKIP, shown, tuple(warnings), {"reason": refused})
        return Effect(Reason("message_queued"), SUCCESS, shown, tuple(warnings), {})

    def perform_set(self, call: ActionCall, rows: Sequence[ActionRow], *, now: datetime) -> Sequence[ActionOutcome]:
        """Place the messages in the send ledger; who may not be written to skips, with the reason."""
        outcomes: dict[str, ActionOutcome] = {}
        for some in _rounds(rows):
            outcomes |= self._place(call, some, now)
        return [outcomes[row.key] for row in rows]

    def _place(self, call: ActionCall, rows: Sequence[ActionRow], now: datetime) -> dict[str, ActionOutcome]:
        key = _occurrence_of(rows)
        try:
            opened = delivery.open_message(request=self._request(call, key), now=now)
        except Refusal as refusal:
            # The template was taken away, or the channel is gone: nothing that another try would heal by itself.
            told = ActionOutcome(FAILURE, {"code": refusal.code}, (refused_by(refusal),), may_pass=True)
            return {row.key: told for row in rows}
        audience = _audience(rows, self._values(call, rows, now))
        while not delivery.enqueue_chunk(message_id=opened.id, audience=audience, now=now).is_complete:
            pass
        placed = {row["customer_id"]: row for row in sql.fetch_all(PLACED, [key, self.channel])}
        return {row.key: _outcome(placed.get(row.customer)) for row in rows}

    def _request(self, call: ActionCall, key: str) -> delivery.MessageRequest:
        content = self.content_of(call.config)
        return delivery.MessageRequest(
            occurrence_key=key,
            channel=self.channel,
            purpose=_purpose(call.config),
            content=content,
            variables=tuple(self._allowed(delivery.list_variables(self.channel, content), call.config)),
            source_kind=SOURCE_KIND,
            source_ref=call.journey_id,
        )

    def _allowed(self, names: Iterable[str], config: Mapping[str, Any]) -> list[str]:
        given = config.get("variables")
        own = set(given) if isinstance(given, Mapping) else set()
        return [name for name in names if name in own or name in SHORT or name.startswith(tuple(PREFIXES))]

    def _values(self, call: ActionCall, rows: Sequence[ActionRow], now: datetime) -> list[dict[str, Any]]:
        """Give the values of each row's template, read for all in a few statements."""
        given = call.config.get("variables")
        told: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {}
        for name in delivery.list_variables(self.channel, self.content_of(call.config)):
            if name not in told and name in SHORT:
                told[name] = "{{" + SHORT[name] + "}}"
            for prefix, root in PREFIXES.items():
                if name not in told and name.startswith(prefix):
                    told[name] = "{{" + root + name.removeprefix(prefix) + "}}"
        paths = list(variables.paths_in(told))
        if not paths:
            return [told] * len(rows)
        known = values.known_of(call, rows, paths, now=now)
        filled = [variables.fill(told, known.of(call, row)) for row in rows]
        return [{name: value for name, value in one.items() if value is not None} for one in filled]


def _purpose(config: Mapping[str, Any]) -> str:
    return str(config.get("purpose") or delivery.Purpose.MARKETING.value)


def _content_problem(action: MessageAction, code: str, place: str, message: str) -> Problem:
    part = place.removeprefix("content").strip(".")
    field = "template" if code.startswith("template.") and not part else action.parts.get(part, part)
    return Problem("journeys.content_invalid", message, "Correct the message, or choose another template.", field=field)


def _rounds(rows: Sequence[ActionRow]) -> list[list[ActionRow]]:
    """Give the rows so that each customer comes once in each part."""
    rounds: list[list[ActionRow]] = []
    seen: dict[int, int] = {}
    for row in rows:
        number = seen[row.customer] = seen.get(row.customer, -1) + 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(row)
    return rounds


def _occurrence_of(rows: Sequence[ActionRow]) -> str:
    """Give the name of the message of these steps."""
    if len(rows) == 1:
        return rows[0].key
    digest = hashlib.sha256("\n".join(sorted(row.key for row in rows)).encode()).hexdigest()
    return f"journey:steps:{digest}"


def _audience(rows: Sequence[ActionRow], told: Sequence[Mapping[str, Any]]) -> delivery.Audience:
    return delivery.Audience(
        sql=AUDIENCE,
        params={
            "audience_ids": [row.customer for row in rows],
            "audience_public_ids": [row.customer_id for row in rows],
            "audience_values": [dumps_exact(one).decode() if one else None for one in told],
        },
    )


def _outcome(placed: Mapping[str, Any] | None) -> ActionOutcome:
    if placed is None:
        return ActionOutcome(SKIP, {"reason": "not_placed"}, (Reason("customer_missing"),))
    send_id: uuid.UUID = placed["send_public_id"]
    if placed["state"] == delivery.SendState.SKIPPED:
        return ActionOutcome(
            SKIP, {"send_id": str(send_id), "reason": placed["reason"]}, (reason_in_words(placed["reason"]),)
        )
    return ActionOutcome(SUCCESS, {"send_id": str(send_id)}, (Reason("message_waits"),))


def reason_in_words(code: str) -> str:
    """Say why somebody is not written to."""
    return Reason(f"refused_{code}") if f"refused_{code}" in PHRASES["en"] else code.replace("_", " ")


def not_sent(code: str) -> str:
    """Say that nothing is sent, and why."""
    return Reason("not_sent", reason=reason_in_words(code))
