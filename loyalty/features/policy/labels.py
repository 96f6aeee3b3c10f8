"""The words of the catalogue in the languages other than English, by the English text that they stand for.

What a person wrote instead of a shipped text is nobody's translation, so it is given as it was written.
"""

from collections.abc import Mapping
from dataclasses import replace

from loyalty.features.contracts import FieldView
from loyalty.foundation.rules.contracts import EventType, Schema

ARABIC: Mapping[str, str] = {
    # Categories.
    "Revenue": "الإيرادات",
    "Contract": "العقد",
    "Usage": "الاستخدام",
    "Services": "الخدمات",
    "Risk": "المخاطر",
    "Activity": "النشاط",
    "Profile": "الملف الشخصي",
    "Loyalty": "الولاء",
    "Engagement": "التفاعل",
    # Units.
    "currency": "العملة",
    "purchases": "عمليات شراء",
    "days": "أيام",
    "0 to 1": "من 0 إلى 1",
    "years": "سنوات",
    "months": "أشهر",
    "GB": "جيجابايت",
    "minutes": "دقائق",
    "messages": "رسائل",
    "complaints": "شكاوى",
    # The columns that the product documents name.
    "Total revenue": "إجمالي الإيرادات",
    "All that the customer paid so far.": "كل ما دفعه العميل حتى الآن.",
    "Number of purchases": "عدد عمليات الشراء",
    "How often the customer bought.": "عدد المرات التي اشترى فيها العميل.",
    "Days since last purchase": "الأيام منذ آخر عملية شراء",
    "Whole days, counted in UTC.": "أيام كاملة محسوبة بالتوقيت العالمي.",
    "The customer never bought.": "لم يشترِ العميل شيئًا قط.",
    "Average purchase": "متوسط عملية الشراء",
    "Total revenue per purchase.": "إجمالي الإيرادات لكل عملية شراء.",
    "Lifetime value": "القيمة مدى الحياة",
    "Expected revenue over the whole relation.": "الإيرادات المتوقعة طوال العلاقة مع العميل.",
    "Churn probability": "احتمال المغادرة",
    "How likely the customer is to leave.": "مدى احتمال مغادرة العميل.",
    "Tier in the warehouse": "المستوى في مستودع البيانات",
    "The operator's own grading.": "تصنيف المشغّل نفسه.",
    "Status": "الحالة",
    "Where the customer stands with the operator.": "وضع العميل لدى المشغّل.",
    "City": "المدينة",
    "Age": "العمر",
    "Gender": "الجنس",
    "Tenure": "مدة الاشتراك",
    "Months since the customer joined.": "عدد الأشهر منذ انضمام العميل.",
    "Plan": "الباقة",
    "Monthly charges": "الرسوم الشهرية",
    "Total charges": "إجمالي الرسوم",
    "Empty for customers who joined this month.": "فارغ للعملاء الذين انضموا هذا الشهر.",
    "Data used": "البيانات المستهلكة",
    "Voice minutes": "دقائق المكالمات",
    "SMS sent": "الرسائل القصيرة المرسلة",
    "Has left": "غادر",
    "Age of the device": "عمر الجهاز",
    "Customer since": "عميل منذ",
    "Complaints": "الشكاوى",
    "Complaints within the last year.": "الشكاوى خلال السنة الماضية.",
    # The comments of the columns of the warehouse that we fill.
    "active or churned": "نشط أو مغادر",
    "Sum of all bills, top-ups and purchases of two years": "مجموع الفواتير وعمليات الشحن والشراء خلال سنتين",
    "Number of bills, top-ups and purchases of two years": "عدد الفواتير وعمليات الشحن والشراء خلال سنتين",
    "Days since the last top-up or purchase; empty when there was none": (
        "الأيام منذ آخر عملية شحن أو شراء، ويبقى فارغًا إن لم توجد"
    ),
    "Mean amount of a transaction": "متوسط مبلغ العملية",
    "Margin so far and expected": "هامش الربح المحقق والمتوقع",
    "How likely the customer leaves, from 0 to 1": "احتمال مغادرة العميل، من 0 إلى 1",
    "Value class by revenue": "فئة القيمة بحسب الإيرادات",
    "Months since the customer joined": "عدد الأشهر منذ انضمام العميل",
    "What the plan costs a month": "كلفة الباقة شهريًا",
    "Mobile data a month, mean of the last quarter": "بيانات الجوال شهريًا بمتوسط الربع الأخير",
    "When the warehouse computed the row": "متى حسب المستودع هذا السطر",
    "The customer's id in the BSS": "رقم العميل في نظام دعم الأعمال",
    # Its further columns, by the names that they get.
    "Birth date": "تاريخ الميلاد",
    "Churned date": "تاريخ المغادرة",
    "Customer ref": "رقم العميل",
    "Has app": "لديه التطبيق",
    "Has roaming": "لديه تجوال",
    "Internet service": "خدمة الإنترنت",
    "Language": "اللغة",
    "Payment method": "طريقة الدفع",
    "Preferred channel": "القناة المفضلة",
    "Updated at": "آخر تحديث",
    # Kinds of events from outside, and what they tell.
    "Purchase": "عملية شراء",
    "Top-up": "شحن رصيد",
    "Bill paid": "سداد فاتورة",
    "Login": "تسجيل دخول",
    "Plan changed": "تغيير الباقة",
    "High usage": "استخدام مرتفع",
    "Brought in by a referral": "انضمام عبر إحالة",
    "Attribute changed": "تغيّرت سمة",
    "Attribute": "السمة",
    "New value": "القيمة الجديدة",
    "Value before": "القيمة السابقة",
    "Set by": "عيّنها",
    "Amount": "المبلغ",
    "Currency": "العملة",
    "Channel": "القناة",
    "Product": "المنتج",
    "Product category": "فئة المنتج",
    "Quantity": "الكمية",
    "Store": "المتجر",
    "Partner": "الشريك",
}


def field_in(one: FieldView, words: Mapping[str, str]) -> FieldView:
    """Give a field with its words in another language, as far as ``words`` has them."""
    return replace(
        one,
        label=words.get(one.label, one.label),
        unit=words.get(one.unit, one.unit),
        category=words.get(one.category, one.category),
        description=words.get(one.description, one.description),
        null_meaning=words.get(one.null_meaning, one.null_meaning),
    )


def event_type_in(one: EventType, words: Mapping[str, str]) -> EventType:
    """Give a kind of event with its labels in another language."""
    told = tuple(replace(field, label=words.get(field.label, field.label)) for field in one.fields)
    return replace(one, label=words.get(one.label, one.label), fields=told)


def schema_in(one: Schema, words: Mapping[str, str]) -> Schema:
    """Give a schema whose rules are said with labels of another language; what rules mean does not change."""
    fields = tuple(replace(field, label=words.get(field.label, field.label)) for field in one.fields)
    return replace(one, fields=fields, events=tuple(event_type_in(event, words) for event in one.events))
