"""What campaigns offers to rules and segments: facts about customers, event types, and their words in Arabic."""

from loyalty.features import api as features
from loyalty.foundation.rules.contracts import EventType, Field, FieldType

# The platform facts that campaigns offers: how the customer was written to, whoever had it written.
FACTS = features.PlatformFacts(
    group="messages",
    relation="campaigns_customer_facts",
    takes_now=True,
    fields=(
        features.PlatformField(
            *("messages_sent_30d", FieldType.INTEGER, "Messages sent, 30 days", "messages", "Engagement"),
            description="Messages that left for the customer in the last thirty days.",
            absent=0,
        ),
        features.PlatformField(
            *("messages_opened_30d", FieldType.INTEGER, "Messages opened, 30 days", "messages", "Engagement"),
            description="Messages that the customer opened in the last thirty days.",
            absent=0,
        ),
        features.PlatformField(
            *("messages_clicked_30d", FieldType.INTEGER, "Messages clicked, 30 days", "messages", "Engagement"),
            description="Messages with a link that the customer followed in the last thirty days.",
            absent=0,
        ),
        features.PlatformField(
            *("last_contacted_at", FieldType.DATETIME, "Last contact", "", "Engagement"),
            description="When a message last left for the customer.",
            null_meaning="Nothing was ever sent to the customer.",
            null_kind=features.NullKind.NONE,
        ),
    ),
)

_MESSAGE = (Field("channel", FieldType.TEXT, "Channel"), Field("source_ref", FieldType.TEXT, "Campaign"))
EVENT_TYPES = (
    EventType("message.sent", "Message sent", _MESSAGE),
    EventType("message.delivered", "Message delivered", _MESSAGE),
    EventType("message.opened", "Message opened", _MESSAGE),
    EventType("message.clicked", "Link followed", _MESSAGE),
    EventType("message.bounced", "Message bounced", _MESSAGE),
)

# What is said above, in Arabic.
ARABIC = {
    "Messages sent, 30 days": "الرسائل المرسلة خلال 30 يومًا",
    "Messages that left for the customer in the last thirty days.": "الرسائل المرسلة إلى العميل في آخر ثلاثين يومًا.",
    "Messages opened, 30 days": "الرسائل المفتوحة خلال 30 يومًا",
    "Messages that the customer opened in the last thirty days.": "الرسائل التي فتحها العميل في آخر ثلاثين يومًا.",
    "Messages clicked, 30 days": "الرسائل المنقور عليها خلال 30 يومًا",
    "Messages with a link that the customer followed in the last thirty days.": (
        "الرسائل التي نقر العميل رابطًا فيها في آخر ثلاثين يومًا."
    ),
    "Last contact": "آخر تواصل",
    "When a message last left for the customer.": "متى أُرسلت آخر رسالة إلى العميل.",
    "Nothing was ever sent to the customer.": "لم يُرسل إلى العميل شيء قط.",
    "Channel": "القناة",
    "Campaign": "الحملة",
    "Message sent": "إرسال رسالة",
    "Message delivered": "وصول رسالة",
    "Message opened": "فتح رسالة",
    "Link followed": "النقر على رابط",
    "Message bounced": "ارتداد رسالة",
}
