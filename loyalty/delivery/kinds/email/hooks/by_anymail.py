"""Reports that anymail reads: its views check who signed, and give every service's words as one."""

from collections.abc import Callable, Mapping
from typing import Any

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure  # type: ignore[import-untyped]
from anymail.signals import EventType, RejectReason  # type: ignore[import-untyped]

from loyalty.delivery.contracts import ReceiptOutcome
from loyalty.delivery.errors import HookRefused
from loyalty.delivery.kinds.hooks import Call, Heard, HeardReceipt

# An address of which a service says so is no good; every other bounce may be about this one mail.
GONE = frozenset({RejectReason.INVALID, RejectReason.BOUNCED})
ENDED = frozenset({EventType.BOUNCED, EventType.REJECTED, EventType.FAILED})

# What anymail's readers fail with on words that no service says.
SENSELESS = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)

View = Callable[[], Any]


def heard_by(make_view: View, call: Call, values: Mapping[str, Any]) -> Heard:
    """Check and read a call by a view of anymail's.

    :raises HookRefused: no key is set up, the signature does not fit, or the call makes no sense.
    """
    if not values["webhook_key"]:
        raise HookRefused("No key is set up by which reports could be checked.")
    request = call.as_request()
    try:
        view = make_view()
        view.run_validators(request)
        events = view.parse_events(request)
    except AnymailWebhookValidationFailure as fault:
        raise HookRefused("The report is not signed by the service.") from fault
    except (AnymailError, *SENSELESS) as fault:
        # Signed or not, these are words that no service says.
        raise HookRefused("The report cannot be read.") from fault
    return Heard(receipts=tuple(one for event in events if (one := _receipt_of(event)) is not None))


def _receipt_of(event: Any) -> HeardReceipt | None:
    outcome = outcome_of(event)
    if outcome is None or not event.message_id:
        return None
    said = [str(event.reject_reason or ""), str(event.mta_response or event.description or "")]
    return HeardReceipt(str(event.message_id)[:200], outcome, " ".join(filter(None, said))[:200], event.timestamp)


def outcome_of(event: Any) -> ReceiptOutcome | None:
    """Give what an event says of a mail, or None when it says nothing final."""
    if event.event_type == EventType.DELIVERED:
        return ReceiptOutcome.DELIVERED
    if event.event_type == EventType.COMPLAINED:
        return ReceiptOutcome.COMPLAINED
    if event.event_type not in ENDED:
        return None
    return ReceiptOutcome.REFUSED if event.reject_reason in GONE and not _is_soft(event) else ReceiptOutcome.FAILED


def _is_soft(event: Any) -> bool:
    """Tell whether a bounce passes: Postmark's soft ones are given as anymail gives hard ones."""
    told = event.esp_event if isinstance(event.esp_event, Mapping) else {}
    return told.get("Type") == "SoftBounce"
