"""The section ``throughput`` of the configuration: how many messages a second the provider of each channel takes."""

from loyalty.delivery.contracts import ChannelCode
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.api import Field, FieldType

SECTION = "throughput"
RATE_MAX = 100_000
TITLES = {
    ChannelCode.EMAIL: "Mails",
    ChannelCode.SMS: "Text messages",
    ChannelCode.PUSH: "Push messages",
    ChannelCode.IN_APP: "Messages in the app",
    ChannelCode.WEBHOOK: "Calls to the operator's own system",
    ChannelCode.WHATSAPP: "WhatsApp messages",
}


def _no_limit() -> int:
    return 0


THROUGHPUT = configuration.SectionSpec(
    code=SECTION,
    title="Throughput",
    title_in={"ar": "معدّل الإرسال"},
    description="How many messages a second leave for the provider of each channel, over all workers; 0 is no limit.",
    fields=tuple(
        Field(code.value, FieldType.WHOLE, title, _no_limit, low=0, high=RATE_MAX, unit="1/s")
        for code, title in TITLES.items()
    ),
)
