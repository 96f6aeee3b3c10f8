"""What points offers to rules: balances over all programs of a customer, and movements of points."""

from loyalty.features import api as features
from loyalty.foundation.rules.contracts import EventType, Field, FieldType

NOT_A_MEMBER = "The customer is a member of no program."

FACTS = features.PlatformFacts(
    group="points",
    relation="points_customer_facts_at",
    takes_now=True,
    fields=(
        features.PlatformField(
            *("points_balance", FieldType.INTEGER, "Points balance", "points", "Loyalty"),
            description="Points that can be spent, over all programs, without held and overdue ones.",
            null_meaning=NOT_A_MEMBER,
        ),
        features.PlatformField(
            *("points_pending", FieldType.INTEGER, "Pending points", "points", "Loyalty"),
            description="Points earned that wait to be confirmed.",
            null_meaning=NOT_A_MEMBER,
        ),
        features.PlatformField(
            *("points_lifetime", FieldType.INTEGER, "Points earned so far", "points", "Loyalty"),
            description="All points ever earned, whatever became of them.",
            null_meaning=NOT_A_MEMBER,
        ),
        features.PlatformField(
            *("points_redeemed", FieldType.INTEGER, "Points redeemed so far", "points", "Loyalty"),
            description="All points ever spent.",
            null_meaning=NOT_A_MEMBER,
        ),
        features.PlatformField(
            *("points_moved_at", FieldType.DATETIME, "Last movement of points", "", "Loyalty"),
            description="When points were last earned, spent, expired or moved otherwise.",
            null_meaning="No points ever moved.",
            null_kind=features.NullKind.NONE,
        ),
        features.PlatformField(
            *("account_count", FieldType.INTEGER, "Programs with an account", "accounts", "Loyalty"),
            description="In how many programs the customer has an account of points.",
            absent=0,
        ),
    ),
)

_MOVED = (
    Field("points_amount", FieldType.INTEGER, "Points"),
    Field("points_balance", FieldType.INTEGER, "Balance after it"),
    Field("wallet", FieldType.TEXT, "Wallet"),
    Field("program_id", FieldType.TEXT, "Program"),
)
_CONTEXT = (
    Field("context.channel", FieldType.TEXT, "Channel"),
    Field("context.product_category", FieldType.TEXT, "Product category"),
    Field("context.partner_ref", FieldType.TEXT, "Partner"),
)

# Movements of points that rules may ask for; of a household's account they are the household's, not its members'.
EVENT_TYPES = (
    EventType("points.earned", "Points earned", (*_MOVED, *_CONTEXT)),
    EventType("points.burned", "Points redeemed", (*_MOVED, Field("reason", FieldType.TEXT, "Reason"))),
    EventType("points.expired", "Points expired", (*_MOVED, Field("reason", FieldType.TEXT, "Reason"))),
    EventType("points.adjusted", "Points adjusted", (*_MOVED, Field("reason_code", FieldType.TEXT, "Reason code"))),
    EventType(
        "points.transferred", "Points given away", (*_MOVED, Field("reason_code", FieldType.TEXT, "Reason code"))
    ),
)

# What is said above, in Arabic.
ARABIC = {
    "points": "نقاط",
    "accounts": "حسابات",
    NOT_A_MEMBER: "العميل ليس عضوًا في أي برنامج.",
    "Points balance": "رصيد النقاط",
    "Points that can be spent, over all programs, without held and overdue ones.": (
        "النقاط المتاحة في جميع البرامج دون المحجوزة والمنتهية مهلتها."
    ),
    "Pending points": "النقاط المعلّقة",
    "Points earned that wait to be confirmed.": "نقاط مكتسبة بانتظار التأكيد.",
    "Points earned so far": "مجموع النقاط المكتسبة",
    "All points ever earned, whatever became of them.": "كل النقاط المكتسبة منذ الانضمام مهما كان مصيرها.",
    "Points redeemed so far": "مجموع النقاط المستبدلة",
    "All points ever spent.": "كل النقاط المستبدلة منذ الانضمام.",
    "Last movement of points": "آخر حركة للنقاط",
    "When points were last earned, spent, expired or moved otherwise.": (
        "آخر وقت كُسبت فيه النقاط أو استُبدلت أو انتهت صلاحيتها أو نُقلت."
    ),
    "No points ever moved.": "لم تتحرك أي نقاط قط.",
    "Programs with an account": "البرامج التي له فيها حساب",
    "In how many programs the customer has an account of points.": "عدد البرامج التي يملك العميل فيها حساب نقاط.",
    "Points": "النقاط",
    "Balance after it": "الرصيد بعدها",
    "Wallet": "المحفظة",
    "Program": "البرنامج",
    "Channel": "القناة",
    "Product category": "فئة المنتج",
    "Partner": "الشريك",
    "Reason": "السبب",
    "Reason code": "رمز السبب",
    "Points earned": "كسب نقاط",
    "Points redeemed": "استبدال نقاط",
    "Points expired": "انتهاء صلاحية نقاط",
    "Points adjusted": "تسوية نقاط",
    "Points given away": "تحويل نقاط إلى عضو آخر",
}
