"""Front door of delivery.

Other domains may join the contract view ``SENDS_VIEW`` in their SQL.
"""

from loyalty.delivery.contracts import (
    Audience,
    AudienceCount,
    BatchReport,
    ChannelCode,
    EnqueuedChunk,
    Exclusion,
    MessageRequest,
    MessageView,
    Purpose,
    ReceiptOutcome,
    Rendered,
    SendState,
)
from loyalty.delivery.errors import (
    ChannelNotAvailable,
    ChannelUnknown,
    ContentInvalid,
    LinkInvalid,
    OccurrenceContentDiffers,
    TemplateInvalid,
    VariableMissing,
)
from loyalty.delivery.operations.enqueue import (
    OWN_VARIABLES,
    check_content,
    count_audience,
    enqueue_chunk,
    enqueue_test,
    open_message,
)
from loyalty.delivery.operations.holding import cancel, hold, release
from loyalty.delivery.operations.receiving import (
    AppliedReceipts,
    ReceivedReceipt,
    apply_receipts,
    record_inbound,
    record_receipts,
)
from loyalty.delivery.operations.sending import give_up_unknown, send_due
from loyalty.delivery.operations.slots import sender_slot
from loyalty.delivery.operations.tracking import click_by, find_way_out, open_by, unsubscribe_by
from loyalty.delivery.queries import list_channels, list_variables, render_preview

SENDS_VIEW = "delivery_sends"

__all__ = [
    "OWN_VARIABLES",
    "SENDS_VIEW",
    "AppliedReceipts",
    "Audience",
    "AudienceCount",
    "BatchReport",
    "ChannelCode",
    "ChannelNotAvailable",
    "ChannelUnknown",
    "ContentInvalid",
    "EnqueuedChunk",
    "Exclusion",
    "LinkInvalid",
    "MessageRequest",
    "MessageView",
    "OccurrenceContentDiffers",
    "Purpose",
    "ReceiptOutcome",
    "ReceivedReceipt",
    "Rendered",
    "SendState",
    "TemplateInvalid",
    "VariableMissing",
    "apply_receipts",
    "cancel",
    "check_content",
    "click_by",
    "count_audience",
    "enqueue_chunk",
    "enqueue_test",
    "find_way_out",
    "give_up_unknown",
    "hold",
    "list_channels",
    "list_variables",
    "open_by",
    "open_message",
    "record_inbound",
    "record_receipts",
    "release",
    "render_preview",
    "send_due",
    "sender_slot",
    "unsubscribe_by",
]
