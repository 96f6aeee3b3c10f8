"""Set an attribute of the customer: a value that is kept here, of the whole batch in one statement."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from loyalty.customers import api as customers
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.web import masking
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
)
from loyalty.journeys.kinds.actions import values
from loyalty.journeys.kinds.actions.protocol import Effect
from loyalty.journeys.policy import variables
from loyalty.journeys.policy.reasons import Reason

SOURCE = "journey"
ACTOR = system_actor("journeys.update_attribute")
UNFIT = "customer.attribute_value_invalid"


class UpdateAttribute:
    """``{"attribute", "value"?, "clear"?}``: the code, and what it becomes, or that it has no value any more."""

    kind = "update_attribute"
    title = "Set an attribute"
    description = "A value that is kept about the customer becomes another one; rules and texts know it from then on."
    icon = "i-lucide-user-pen"
    group = "customers"
    unavailable_reason = ""
    fields = (
        FieldSpec("attribute", FieldKind.ATTRIBUTE, "Attribute", is_required=True, maximum=40),
        FieldSpec(
            *("value", FieldKind.TEXT, "Value"),
            maximum=500,
            description="A number, a day such as 2026-12-31, true or false, a text; or {{event.amount}}, "
            "{{context.name}}, {{feature.name}}.",
        ),
        FieldSpec("clear", FieldKind.BOOLEAN, "Take the value away", default=False),
    )

    def problems_of(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Hold the attribute against those that there are, and a value that is the same for all against its kind."""
        code, value, clears = config.get("attribute"), config.get("value"), bool(config.get("clear"))
        if not isinstance(code, str) or not code or not isinstance(value, str | None):
            return []
        attribute = customers.find_attribute(code)
        if attribute is None:
            return [_wrong("unknown", "The attribute does not exist.", "Choose an attribute that exists.")]
        if not attribute.is_active:
            return [_wrong("unknown", "The attribute is set no more.", "Choose one that is in use.")]
        if bool(value) == clears:
            why = "It is both given a value and left without one." if value else "It is given no value."
            return [_wrong("value", why, "Give a value, or take the value away.", "value")]
        paths = list(variables.paths_in(value))
        if any(masking.is_personal(path.rpartition(".")[2]) for path in paths):
            why = "An attribute is shown to everybody who may see customers; names and addresses stay in the profile."
            return [_wrong("value", why, "Take another value.", "value")]
        if not value or paths:
            return values.problems_of(value, "value")
        try:
            customers.read_value(attribute, value)
        except customers.ValueUnfit as unfit:
            return [_wrong("value", f"The value does not fit: {unfit}", "Correct the value.", "value")]
        return []

    def preview(self, call: ActionCall, row: ActionRow, *, now: datetime) -> Effect:
        """Tell what the attribute would become, and what it is."""
        attribute = customers.find_attribute(str(call.config.get("attribute")))
        if attribute is None or not attribute.is_active:
            return Effect(_missing(attribute), FAILURE, {})
        held = {one.attribute.code: one.value for one in customers.list_values(row.customer_id)}
        before = held.get(attribute.code)
        shown = {"attribute": attribute.label, "value_before": before}
        told = _read(attribute, self._told(call, [row], now)[0], call.config)
        if isinstance(told, ActionOutcome):
            return Effect(told.reasons[0], told.branch, shown, result=told.result)
        words = _words(attribute, told, is_changed=told != before)
        return Effect(words, SUCCESS, {**shown, "value": told}, result=_result(attribute, told, before))

    def perform_set(self, call: ActionCall, rows: Sequence[ActionRow], *, now: datetime) -> Sequence[ActionOutcome]:
        """Set it for all rows whose value fits, each under its key."""
        attribute = customers.find_attribute(str(call.config.get("attribute")))
        if attribute is None or not attribute.is_active:
            code = "journeys.attribute_unknown"
            return [ActionOutcome(FAILURE, {"code": code}, (_missing(attribute),))] * len(rows)
        read = [_read(attribute, told, call.config) for told in self._told(call, rows, now)]
        wanted = [
            customers.NewValue(row.customer, attribute, value, row.key)
            for row, value in zip(rows, read, strict=True)
            if not isinstance(value, ActionOutcome)
        ]
        done = iter(customers.set_values(values=wanted, source=SOURCE, actor=ACTOR, now=now) if wanted else ())
        return [one if isinstance(one, ActionOutcome) else _outcome(attribute, next(done)) for one in read]

    def _told(self, call: ActionCall, rows: Sequence[ActionRow], now: datetime) -> list[Any]:
        """Give the value that each row names."""
        value = call.config.get("value")
        paths = list(variables.paths_in(value))
        if not paths:
            return [value] * len(rows)
        known = values.known_of(call, rows, paths, now=now)
        return [variables.fill(value, known.of(call, row)) for row in rows]


def _read(attribute: customers.AttributeView, told: Any, config: Mapping[str, Any]) -> Any:
    """Give a value as it is kept, or the outcome of a row that has none, or one that does not fit."""
    if config.get("clear"):
        return None
    try:
        read = customers.read_value(attribute, told)
    except customers.ValueUnfit:
        reason = Reason("attribute_unfit", name=attribute.label, value=str(told)[:50])
        return ActionOutcome(FAILURE, {"code": UNFIT}, (reason,))
    if read is None:
        return ActionOutcome(SKIP, {"reason": "no_value"}, (Reason("attribute_unknown_value", name=attribute.label),))
    return read


def _outcome(attribute: customers.AttributeView, done: customers.ValueOutcome) -> ActionOutcome:
    if not done.is_set:
        return ActionOutcome(SKIP, {"reason": "unknown_customer"}, (Reason("customer_gone"),))
    words = _words(attribute, done.value, is_changed=done.is_changed)
    return ActionOutcome(SUCCESS, _result(attribute, done.value, done.previous), (words,))


def _words(attribute: customers.AttributeView, value: Any, *, is_changed: bool) -> Reason:
    if value is None:
        return Reason("attribute_cleared" if is_changed else "attribute_same_none", name=attribute.label)
    told = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
    return Reason("attribute_set" if is_changed else "attribute_same", name=attribute.label, value=str(told))


def _result(attribute: customers.AttributeView, value: Any, before: Any) -> dict[str, Any]:
    return {"attribute": attribute.code, "value": value, "value_before": before}


def _missing(attribute: customers.AttributeView | None) -> Reason:
    return Reason("attribute_gone") if attribute is None else Reason("attribute_closed", name=attribute.label)


def _wrong(what: str, message: str, repair: str, field: str = "attribute") -> Problem:
    return Problem(f"journeys.attribute_{what}", message, repair, field=field)
