"""The journeys to begin with in Arabic: titles, what they are for, and what their steps are called."""

from collections.abc import Mapping

# By the template's code: title, description, and the name of each step by its id.
ARABIC: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "welcome": (
        "الترحيب",
        "رسالة إلكترونية، ثم انتظار يوم، ثم نقاط لمن اطّلع عليها أو تذكير للباقين.",
        {
            "start": "عملاء جدد",
            "welcome": "رسالة الترحيب",
            "day": "يوم واحد",
            "engaged": "فتح الرسالة أو اتّبع رابطًا؟",
            "points": "مكافأة الترحيب",
            "reminder": "تذكير برسالة نصية",
            "welcomed": "رُحّب به",
            "reminded": "ذُكّر",
        },
    ),
    "win_back": (
        "الاستعادة",
        "الكتابة إلى العملاء المعرّضين للمغادرة، وانتظار شراء خلال أسبوعين، والمقارنة بمجموعة مستبعدة.",
        {
            "start": "معرّضون للمغادرة",
            "offer": "نفتقدك",
            "bought": "هل يشتري خلال أسبوعين؟",
            "thanks": "نقاط شكر",
            "last": "كلمة أخيرة",
            "back": "استُعيد",
            "gone": "لم يُستعَد",
        },
    ),
    "tier_upgrade": (
        "بلوغ فئة",
        "تهنئة في الصباح ونقاط إضافية.",
        {
            "start": "بلغ فئة",
            "morning": "حتى الصباح",
            "mail": "تهنئة",
            "bonus": "نقاط إضافية",
            "told": "هُنّئ",
        },
    ),
    "abandoned_topup": (
        "شحن لم يكتمل",
        "انتظار ساعة حتى يكتمل الشحن نفسه، ثم تذكير مرة واحدة.",
        {
            "start": "بدأ الشحن",
            "done": "هل يُكمل الشحن نفسه؟",
            "remind": "تذكير",
            "later": "هل يُكمله خلال يوم؟",
            "finished": "اكتمل الشحن",
            "abandoned": "لم يكتمل",
        },
    ),
    "birthday": (
        "عيد الميلاد",
        "أطيب التمنيات في الصباح وهدية.",
        {
            "start": "عيد ميلاده قريب",
            "morning": "حتى الصباح",
            "wish": "أطيب التمنيات",
            "gift": "هدية",
            "wished": "وصلته التمنيات",
        },
    ),
}
