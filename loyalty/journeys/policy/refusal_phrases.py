"""What the domains below refuse while an action is done, in Arabic by code; in English they say it themselves.

A sentence may name what a refusal tells beside its code (``facts``); without that the code is said alone.
"""

from collections.abc import Mapping

# All that earning, messages, campaigns, segments and attributes may answer to an action of a journey.
REFUSALS: Mapping[str, Mapping[str, str]] = {
    "ar": {
        "account.not_active": "الحساب مجمّد أو مغلق.",
        "account.not_found": "لا يوجد حساب كهذا.",
        "campaign.not_active": "الحملة لا تعمل.",
        "campaign.not_found": "الحملة غير موجودة.",
        "campaign.occurrence_invalid": "لا يمكن قراءة اسم التنفيذ.",
        "channel.not_available": "لا يمكن الإرسال عبر هذه القناة هنا.",
        "channel.unknown": "لا توجد قناة كهذه.",
        "content.invalid": "في المحتوى أخطاء.",
        "customer.attribute_value_invalid": "القيمة لا تناسب السمة.",
        "customer.not_found": "لا يوجد عميل كهذا.",
        "idempotency.key_reused": "استُخدم المفتاح لطلب آخر.",
        "journeys.action_fault": "تعطّل الإجراء: {fault}",
        "journeys.program_unknown": "البرنامج غير موجود.",
        "journeys.rewards_missing": "لا توجد مكافآت في هذا النظام بعد.",
        "ledger.unavailable": "السجل لا يجيب.",
        "message.occurrence_reused": "لهذا التنفيذ رسالة أخرى.",
        "points.amount_invalid": "ليس عدد نقاط صحيحًا.",
        "points.amount_refused": "ليس مبلغ عملية شراء.",
        "points.approval_required": "يحتاج هذا إلى موافقة.",
        "points.cap_reached": "بُلغ الحد الأقصى.",
        "points.currency_mismatch": "العملة ليست عملة البرنامج.",
        "points.insufficient": "النقاط غير كافية.",
        "points.member_unknown": "لا يوجد عضو كهذا.",
        "points.not_a_member": "العميل ليس عضوًا في البرنامج.",
        "points.occurred_at_refused": "الوقت خارج المسموح.",
        "points.rule_result_invalid": "أعطت القاعدة نتيجة مستحيلة.",
        "pool.closed": "الأسرة مغلقة.",
        "program.not_active": "البرنامج لا يعمل.",
        "program.not_found": "لا يوجد برنامج كهذا.",
        "program.version_not_found": "لا توجد نسخة كهذه من البرنامج.",
        "segment.busy": "تُحسب الشريحة الآن.",
        "segment.kind_wrong": "أعضاء هذه الشريحة يأتون من قواعدها.",
        "segment.not_found": "الشريحة غير موجودة.",
        "template.invalid": "في القالب أخطاء.",
        "template.not_found": "القالب غير موجود.",
        "template.test_value_missing": "قيمة ناقصة.",
        "wallet.unknown": "لا توجد محفظة كهذه.",
    },
}
