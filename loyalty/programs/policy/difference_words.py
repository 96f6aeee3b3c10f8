"""The words in which differences between versions are said, by language.

English says the names of fields and values as they stand in the document; what a language lacks is said so too.
"""

from dataclasses import dataclass, field
from typing import Final

# The parts of a document that a version fixes.
PARTS_ENGLISH: dict[str, str] = {
    "earn_rules": "Way to earn", "stacking": "Stacking", "earn_base": "Base of earning", "activation": "Activation",
    "caps": "Cap", "expiry": "Expiry", "burn_rule": "Burn rule", "burn": "Burning", "transfer": "Transfers",
    "reversal": "Reversals", "adjustment": "Adjustments", "wallets": "Wallet", "tier_policy": "Tier policy",
    "referral": "Referrals", "point_value": "Cost of a point", "tiers": "Tier",
}  # fmt: skip
PARTS_ARABIC: dict[str, str] = {
    "earn_rules": "طريقة كسب",
    "stacking": "عدة قواعد",
    "earn_base": "ما يُحتسب",
    "activation": "متى تُنفق النقاط",
    "caps": "حد",
    "expiry": "الانتهاء",
    "burn_rule": "قيمة النقاط",
    "burn": "الاستبدال",
    "transfer": "التحويل",
    "reversal": "الاسترداد",
    "adjustment": "تصحيحات يدوية",
    "wallets": "محفظة",
    "tier_policy": "سياسة المستويات",
    "referral": "دعوة الآخرين",
    "point_value": "تكلفة النقطة",
    "tiers": "مستوى",
}
FIELDS_ARABIC: dict[str, str] = {
    "account_age_days_min": "أيام العضوية اللازمة",
    "benefit_grants": "يُمنح عند الدخول",
    "benefits": "المزايا",
    "clawback": "ما يُسترد",
    "code": "الرمز",
    "color": "اللون",
    "consumption": "أيها أولًا",
    "counts_for_tier": "يُحتسب للمستوى",
    "cycle_months": "أشهر الدورة",
    "cycle_start": "تبدأ الدورة في",
    "days": "أيام",
    "downgrade": "عند فقد التأهل",
    "effect": "متى يبدأ",
    "ends_on": "آخر يوم",
    "event_type": "الحدث",
    "excluded_categories": "فئات مستثناة",
    "excluded_channels": "قنوات مستثناة",
    "excluded_products": "منتجات مستثناة",
    "fee_percent": "الرسم بالمئة",
    "fee_points": "رسم ثابت",
    "grace_days": "أيام السماح",
    "grace_days_after": "السماح بعد، بالأيام",
    "hour_from": "من الساعة",
    "hour_until": "حتى الساعة",
    "is_allowed": "مسموح",
    "is_capped": "تُحتسب ضمن الحدود",
    "is_invitation_only": "بالدعوة فقط",
    "is_multiplied": "مضاعف المستوى",
    "is_transferable": "قابلة للتحويل",
    "kind": "النوع",
    "limit": "على الأكثر",
    "measure": "يُحسب بـ",
    "min_points": "من نقاط",
    "month_day": "آخر يوم صالح",
    "months": "أشهر",
    "multiplier": "المضاعف",
    "name": "الاسم",
    "net_of_fees": "دون الرسوم",
    "net_of_points_paid": "دون النقاط",
    "net_of_tax": "دون الضريبة",
    "on_reach": "ما لا يتسع",
    "once_per": "مرة لكل",
    "partner_ref": "الشريك",
    "period": "في كل",
    "periods": "الفترات",
    "points": "نقاط",
    "points_daily": "على الأكثر في اليوم",
    "points_max": "على الأكثر",
    "points_max_without_approval": "نقاط يقررها شخص وحده",
    "points_min": "على الأقل",
    "points_monthly": "على الأكثر في الشهر",
    "points_step": "بخطوات من",
    "priority": "الترتيب",
    "qualifier": "ما يرفع العضو",
    "reason_codes": "الأسباب",
    "referee_points": "لمن جاء",
    "referrer_points": "لمن دلّ",
    "reinstate_days": "تبقى على الأقل، بالأيام",
    "rolling_months": "أشهر إلى الوراء",
    "rule": "القاعدة",
    "rule_code": "من القاعدة",
    "scope": "يُحسب لـ",
    "segment_codes": "الشرائح",
    "starts_on": "أول يوم",
    "tier_codes": "المستويات",
    "tier_overrides": "حسب المستوى",
    "validity": "كم يبقى",
    "wallet": "المحفظة",
    "warn_days_before": "التنبيه قبل، بالأيام",
    "weekdays": "أيام الأسبوع",
    "window": "يُحتسب خلال",
}
VALUES_ARABIC: dict[str, str] = {
    "after_days": "بعد أيام",
    "age": "بعد مدة",
    "anniversary": "سنة العضو",
    "base": "قاعدة كسب",
    "best": "تُحتسب الأفضل",
    "bonus": "مكافأة",
    "by_balance": "إلى المستوى المكتسب",
    "calendar_year": "سنة تقويمية",
    "count": "المشتريات",
    "cycle": "دورة خاصة",
    "day": "يوم",
    "end_of_period": "في نهاية فترة",
    "feature": "ميزة",
    "fifo": "التي تنتهي أولًا",
    "first": "تُحتسب الأولى",
    "fixed_date": "في تاريخ",
    "household": "كل أسرة",
    "immediate": "فورًا",
    "inactivity": "بعد الخمول",
    "lifetime": "كل الوقت",
    "lifo": "التي تنتهي أخيرًا",
    "member": "كل عضو",
    "money": "مال",
    "month": "شهر",
    "never": "أبدًا",
    "next_period": "مع الفترة التالية",
    "on_confirmation": "عند التأكيد",
    "one_step": "مستوى واحد أدنى",
    "only_pending": "المعلّقة فقط",
    "partner": "كل شريك",
    "points": "نقاط",
    "program": "البرنامج كله",
    "proportional": "حصة من كل منها",
    "quarter": "ربع",
    "redeemable": "للاستبدال",
    "refuse": "يرفض الشراء",
    "rest_of_period": "بقية الفترة",
    "rest_plus_next": "بقية الفترة والتالية",
    "rolling": "آخر الأشهر",
    "rule": "قاعدة خاصة",
    "spend": "المال المنفق",
    "status": "للمكانة",
    "sum": "تُحتسب كلها",
    "tenure": "مدة العضوية",
    "transaction": "شراء",
    "truncate": "يُقتطع",
    "unlimited": "كلها",
    "week": "أسبوع",
    "within_balance": "ما بقي",
    "year": "سنة",
}


@dataclass(frozen=True, slots=True)
class DiffWords:
    """What one language needs to say a difference; {0} {1} {2} are what it is about, before and after."""

    changed: str
    added: str
    removed: str
    none: str
    yes: str
    no: str
    comma: str
    parts: dict[str, str]
    fields: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)

    def field_name(self, name: str) -> str:
        """Say the name of a field."""
        return self.fields.get(name, name.replace("_", " "))

    def value_name(self, value: str) -> str:
        """Say one of few words that a field may have."""
        return self.values.get(value, value)


ENGLISH: Final = DiffWords(
    changed="{0}: from {1} to {2}", added="{0}: added", removed="{0}: removed", none="none", yes="yes", no="no",
    comma=", ", parts=PARTS_ENGLISH,
)  # fmt: skip
DIFF_WORDS: Final = {
    "en": ENGLISH,
    "ar": DiffWords(
        changed="{0}: من {1} إلى {2}",
        added="{0}: إضافة",
        removed="{0}: إزالة",
        none="لا شيء",
        yes="نعم",
        no="لا",
        comma="، ",
        parts=PARTS_ARABIC,
        fields=FIELDS_ARABIC,
        values=VALUES_ARABIC,
    ),  # fmt: skip
}
