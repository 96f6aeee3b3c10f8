"""Front door of delivery.

Other domains may join the contract view ``SENDS_VIEW`` in their SQL.
"""

from loyalty.delivery.contracts import (
    Audience,
    AudienceCount,
    BatchReport,
    ChannelCode,
    ContactCap,
    ContactPolicyView,
    EnqueuedChunk,
    Exclusion,
    Finding,
    MessageRequest,
    MessageView,
    Purpose,
    QuietHours,
    ReceiptOutcome,
    Rendered,
    SendState,
    Severity,
    SuppressionReason,
    TemplateDraft,
    TemplatePreview,
    TemplateVariable,
)
from loyalty.delivery.errors import (
    ChannelNotAvailable,
    ChannelUnknown,
    ContactPolicyInvalid,
    ContentInvalid,
    LinkInvalid,
    OccurrenceContentDiffers,
    SuppressionNotFound,
    TemplateCodeTaken,
    TemplateInUse,
    TemplateInvalid,
    TemplateNotFound,
    TemplateNothingNew,
    VariableMissing,
)
from loyalty.delivery.operations.contacting import get_policy, lift, save_policy, suppress
from loyalty.delivery.operations.enqueue import (
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
from loyalty.delivery.operations.templating import (
    change_template,
    create_template,
    delete_template,
    draft_of,
    publish_template,
    restore_version,
)
from loyalty.delivery.operations.tracking import click_by, find_way_out, open_by, unsubscribe_by
from loyalty.delivery.operations.trying import preview_template
from loyalty.delivery.policy.variables import OWN_VARIABLES
from loyalty.delivery.queries.sending import list_channels, list_variables, render_preview
from loyalty.delivery.queries.templating import get_version as get_template_version
from loyalty.delivery.queries.templating import language_of

SENDS_VIEW = "delivery_sends"

__all__ = [
    "Finding",
    "Severity",
    "TemplateDraft",
    "TemplatePreview",
    "TemplateVariable",
    "TemplateCodeTaken",
    "TemplateInUse",
    "TemplateNotFound",
    "TemplateNothingNew",
    "change_template",
    "create_template",
    "delete_template",
    "draft_of",
    "publish_template",
    "restore_version",
    "preview_template",
    "get_template_version",
    "language_of",
    "OWN_VARIABLES",
    "SENDS_VIEW",
    "AppliedReceipts",
    "Audience",
    "AudienceCount",
    "BatchReport",
    "ChannelCode",
    "ChannelNotAvailable",
    "ChannelUnknown",
    "ContactCap",
    "ContactPolicyInvalid",
    "ContactPolicyView",
    "ContentInvalid",
    "EnqueuedChunk",
    "Exclusion",
    "LinkInvalid",
    "MessageRequest",
    "MessageView",
    "OccurrenceContentDiffers",
    "Purpose",
    "QuietHours",
    "ReceiptOutcome",
    "ReceivedReceipt",
    "Rendered",
    "SendState",
    "SuppressionNotFound",
    "SuppressionReason",
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
    "get_policy",
    "give_up_unknown",
    "hold",
    "lift",
    "list_channels",
    "list_variables",
    "open_by",
    "open_message",
    "record_inbound",
    "record_receipts",
    "release",
    "render_preview",
    "save_policy",
    "send_due",
    "sender_slot",
    "suppress",
    "unsubscribe_by",
]
